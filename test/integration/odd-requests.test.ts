// Odd requests over a raw socket, at the root and below a path: what each is answered, and that one answer is given
// to each, that nothing hangs, and that nothing within a request is taken for one.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Reached, watchReached } from '../fixtures/odd-requests/reached.ts';
import { SMUGGLED, sendRow } from '../fixtures/odd-requests/row.ts';
import { ODD_REQUESTS } from '../fixtures/odd-requests/table.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

const PREFIX = '/seed';

let server: TestServer;
let reached: Reached;
beforeAll(async () => {
  server = await startTestServer({ basePath: PREFIX });
  reached = watchReached();
});
afterAll(async () => {
  reached?.[Symbol.dispose]();
  await server?.stop();
});

it('every row is about something else', () => {
  expect(new Set(ODD_REQUESTS.map(({ about }) => about)).size).toBe(ODD_REQUESTS.length);
  expect(ODD_REQUESTS.length).toBeGreaterThan(270);
});

describe.each([
  ['at the root', ''],
  [`below ${PREFIX}`, PREFIX],
])('%s', (_where, prefix) => {
  it.each(ODD_REQUESTS.map((row) => [row.about, row.rule, row] as const))(
    '%s (%s)',
    async (_about, _rule, row) => {
      const caller = { prefix, key: server.adminKey, host: reached.newHost() };
      const { statuses, last, rest, closed } = await sendRow(Number(new URL(server.url).port), row, caller);
      expect([closed, rest]).toEqual([true, '']);
      expect([row.answers].flat()).toContain(statuses);
      expect(reached.of(caller.host).length).toBeLessThanOrEqual(row.requests);
      for (const host of [caller.host, 'x']) expect(reached.of(host).join('\n')).not.toContain(` ${SMUGGLED}`);
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
