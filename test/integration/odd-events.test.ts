// Whatever a sandbox reports of what its agent did is kept: through the runner and the server into Postgres, and
// back to the caller. Nobody hides a call by what they call it, or by what is in it.
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRunner, type Runner } from '../../src/runner/runner.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';
import { createStreamDriver, type StreamDriver } from '../fixtures/stream-driver.ts';

let server: TestServer;
let driver: StreamDriver;
let runner: Runner;
beforeAll(async () => {
  server = await startTestServer();
  driver = createStreamDriver();
  runner = createRunner({
    serverUrl: server.url,
    runnerToken: server.runnerToken,
    sandboxes: { driver, snapshot: driver.snapshot },
    probes: [{ driver: 'stream', usable: true, isolation: 'vm' }],
    slots: 1,
    name: 'test',
    log: pino({ level: 'silent' }),
    drainMs: 5_000,
  });
  await runner.start();
});
afterAll(async () => {
  await runner?.stop();
  await server?.stop();
});

/** What a caller sees of the lines that a guest posts as one batch. */
async function reported(lines: readonly string[]): Promise<Record<string, unknown>[]> {
  const { body } = await server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'do it' } });
  const guest = await driver.nextGuest();
  const { status } = await guest.send({ ':method': 'POST', ':path': '/events' }, `${lines.join('\n')}\n`);
  expect(status).toBe(204);
  const result = JSON.stringify({ stdout: 'done', stderr: null, exitCode: 0, error: null });
  await guest.send({ ':method': 'POST', ':path': '/result' }, result);
  guest.exit({ reason: 'exited', code: 0 });
  const path = `/api/v1/tasks/${body.task.id}`;
  await expect.poll(async () => (await server.call('GET', path)).body.task.status).toBe('completed');
  const events = (await server.call<string>('GET', `${path}/events`)).body.trim().split('\n');
  return events.map((line) => JSON.parse(line)).filter(({ type }) => type !== 'status');
}

const call = (fields: object) =>
  JSON.stringify({ type: 'tool_call', tool: 'bash', input: { command: 'ls' }, ...fields });

test('odd events are kept beside the others, in their order', async () => {
  const long = 'i'.repeat(20_000);
  const deep = `${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}`;
  const events = await reported([
    JSON.stringify({ type: 'text', text: 'before' }),
    call({ callId: `${long}1` }),
    call({ callId: `${long}2` }),
    JSON.stringify({ type: 'tool_output', callId: `${long}1`, chunk: 'of the first' }),
    call({ callId: 7 }),
    call({ callId: null, tool: 't'.repeat(4_000) }),
    call({ callId: 'a\u0000\ud800', input: ['\u0000', '\udfff'] }),
    `{"type":"tool_call","callId":"deep","tool":"bash","input":${deep}}`,
    `{"type":"tool_call","callId":"keys","tool":"bash","input":{"__proto__":{"a":1},"\\u0000":2,"n":1e400}}`,
    `{"type":"tool_call","callId":"many","tool":"bash","input":{"numbers":[${Array(9_000).fill('1e20')}]}}`,
    'no JSON \u0000',
    JSON.stringify({ type: 'status', status: 'failed', phase: null, error: null }),
    JSON.stringify({ type: 'text', text: 'after' }),
  ]);
  const calls = events.filter(({ type }) => type === 'tool_call');
  expect(calls).toHaveLength(8);
  expect(new Set(calls.map(({ callId }) => callId)).size).toBe(8);
  expect(events.find(({ type }) => type === 'tool_output')).toMatchObject({ callId: calls[0]?.['callId'] });
  expect(calls[4]?.['input']).toEqual({ value: ['\ufffd', '\ufffd'] });
  expect(JSON.stringify(calls[5]?.['input'])).toContain('nested too deep');
  expect(JSON.stringify(calls[6]?.['input'])).toContain('"__proto__":{"a":1}');
  expect(calls[7]?.['input']).toEqual({ cut: expect.stringContaining('bytes of input not shown') });
  expect(events.map(({ type }) => type).slice(-3)).toEqual(['diagnostic', 'diagnostic', 'text']);
  expect(events.at(0)).toMatchObject({ text: 'before' });
  expect(events.at(-1)).toMatchObject({ text: 'after' });
  expect(events.map(({ seq }) => seq)).toEqual([...events.keys()].map((at) => at + Number(events[0]?.['seq'])));
});

test('which calls were recovered from text is told by the server, whatever the guest says', async () => {
  const events = await reported([
    call({ callId: 'txtAbc123', recovered: false }),
    call({ callId: 'Abc123xyz', recovered: true }),
    call({ callId: 'Abc123xyy' }),
  ]);
  expect(events.map(({ callId, recovered }) => [callId, recovered])).toEqual([
    ['txtAbc123', true],
    ['Abc123xyz', undefined],
    ['Abc123xyy', undefined],
  ]);
});
