// The upstream of the measurement, in a process of its own: it answers each request with a first event at once. A
// request whose model is `steady` gets more of them, one every second, for as long as it listens.
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const EVERY_MS = 1_000;

const event = (choices: object[]) =>
  `data: ${JSON.stringify({ id: 'bench', object: 'chat.completion.chunk', created: 0, model: 'bench', choices })}\n\n`;
const PART = event([{ index: 0, delta: { role: 'assistant', content: 'word ' }, finish_reason: null }]);
const END = `${event([{ index: 0, delta: {}, finish_reason: 'stop' }])}data: [DONE]\n\n`;

const steady = new Set<ServerResponse>();
setInterval(() => {
  for (const response of steady) response.write(PART);
}, EVERY_MS);

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (text) => {
    body += text;
  });
  request.once('end', () => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    if (!body.includes('"model":"steady"')) return response.end(PART + END);
    response.write(PART);
    steady.add(response);
    response.once('close', () => steady.delete(response));
  });
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
process.on('disconnect', () => process.exit(0));
process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` });
