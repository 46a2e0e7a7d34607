// The platform that there was before Seed: an HTTP API with a token. It knows nothing of agents.
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';

/** @returns a server that does not listen yet */
export function createWarehouse(token) {
  const stock = new Map([
    ['bolts', 40],
    ['nuts', 2],
  ]);
  return createServer(async (request, response) => {
    const answer = (status, body) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    try {
      if (request.headers.authorization !== `Bearer ${token}`) return answer(401, { message: 'who are you?' });
      const { pathname } = new URL(request.url, 'http://warehouse');
      if (request.method === 'GET' && pathname === '/stock')
        return answer(
          200,
          Array.from(stock, ([sku, count]) => ({ sku, count })),
        );
      const [, sku] = /^\/stock\/([^/]+)\/take$/.exec(pathname) ?? [];
      const there = stock.get(decodeURIComponent(sku ?? ''));
      if (request.method !== 'POST' || there === undefined)
        return answer(404, { message: 'there is no such item' });
      const { count } = await json(request);
      if (count > there) return answer(409, { message: `there are only ${there}` });
      stock.set(sku, there - count);
      answer(200, { sku, count: there - count });
    } catch {
      answer(400, { message: 'that is no request' });
    }
  });
}
