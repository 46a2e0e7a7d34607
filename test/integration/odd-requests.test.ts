// Odd requests over a raw socket, at the root and below a path: what each is answered, and that one answer is given
// to each, that nothing hangs, and that nothing within a request is taken for one.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Caller, SMUGGLED } from '../fixtures/odd-requests/row.ts';
import { ODD_REQUESTS } from '../fixtures/odd-requests/table.ts';
import { exchange } from '../fixtures/raw-http.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

const BEGINS = 'http.server.request.start';
const PREFIX = '/seed';

let server: TestServer;
/** What has reached the server. */
let reached: string[] = [];
const note = (message: unknown) => {
  const { request } = message as { request: IncomingMessage };
  reached.push(`${request.method} ${request.url}`);
};
beforeAll(async () => {
  server = await startTestServer({ basePath: PREFIX });
  subscribe(BEGINS, note);
});
afterAll(async () => {
  unsubscribe(BEGINS, note);
  await server?.stop();
});

describe.each([
  ['at the root', ''],
  [`below ${PREFIX}`, PREFIX],
])('%s', (_where, prefix) => {
  it.each(ODD_REQUESTS.map((row) => [row.about, row.rule, row] as const))(
    '%s (%s)',
    async (_about, _rule, row) => {
      const caller: Caller = { prefix, key: server.adminKey, host: 'seed.example.com' };
      reached = [];
      const port = Number(new URL(server.url).port);
      const pieces = [row.bytes(caller)].flat() as (string | Buffer)[];
      const { answers, rest, closed } = await exchange(port, pieces, row);
      expect(closed, 'the connection is closed').toBe(true);
      expect(rest).toBe('');
      expect(row.answers).toContain(answers.map(({ status }) => status).join(' '));
      expect(reached.length).toBeLessThanOrEqual(row.requests);
      expect(reached.filter((line) => line.endsWith(` ${SMUGGLED}`))).toEqual([]);
      const last = answers.at(-1);
      if (row.code !== undefined) expect(JSON.parse(last?.body ?? '').error.code).toBe(row.code);
      if (row.header && last) {
        const [name, value] = row.header;
        if (value === undefined) expect(last.headers[name]).toBeUndefined();
        else expect(last.headers[name]).toMatch(value);
      }
      expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    },
  );
});
