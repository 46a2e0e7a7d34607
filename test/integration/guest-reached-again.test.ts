// The real guest, Pi and `seed` command where the guest listens on a socket, as in a cluster: its runner reaches it
// through the bridge, over connections that break anywhere. What a task has done is then what it does without.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type RunnerSetUp, startFakeRunner } from '../fixtures/fake-runner.ts';
import { type Answer, type FakeServer, json, runs, says } from '../fixtures/fake-server.ts';
import { type Cut, createListeningDriver, type ListeningDriver } from '../fixtures/listening-driver.ts';

let driver: ListeningDriver;
let server: FakeServer;
let logged: RunnerSetUp['logged'];
let settled: RunnerSetUp['settled'];
let stop: RunnerSetUp['stop'];

beforeAll(async () => {
  driver = await createListeningDriver();
});
afterAll(() => driver.remove());
beforeEach(async () => {
  driver.passed.length = 0;
  driver.plan = () => ({});
  const stream = { silenceMs: 500, pauseMs: 20 };
  ({ server, logged, settled, stop } = await startFakeRunner(driver, { drainMs: 100, stream }));
});
afterEach(() => stop());

/** As of a server that keeps its promise: a write is done once for a key, and answered alike. */
function writesOnce() {
  const done = new Map<string, { path: string; answer: object }>();
  server.api = ({ method, url, headers }, response) => {
    if (method === 'GET') return json(response, 200, { items: ['a'.repeat(1_000)] });
    const key = String(headers['idempotency-key']);
    const before = done.get(key) ?? { path: url, answer: { id: done.size + 1, filler: 'w'.repeat(1_000) } };
    expect(before.path).toBe(url);
    done.set(key, before);
    json(response, 200, before.answer);
  };
  return () => [...done.values()].map(({ path }) => path);
}

const WRITE = (path: string) => `curl -sf -X POST -d '{"a":1}' $SEED_API_URL/api/v1/${path} | head -c 9; echo`;
const STEPS: Answer[] = [
  runs('cat in/a.csv | wc -c; seed /api/v1/keys | wc -c'),
  runs(WRITE('first')),
  runs("head -c 20000 /dev/zero | tr '\\0' r > out/report.csv"),
  runs(`${WRITE('second')}; head -c 30000 /dev/zero | tr '\\0' x`),
  says('all is done'),
];
const FILE = { name: 'a.csv', size: 1_000, type: 'text/csv', sha256: '' };

/** What is known of the task in the end. */
async function run(plan: (connections: number) => Cut) {
  const writes = writesOnce();
  driver.plan = plan;
  server.files.set('a.csv', 'f'.repeat(1_000));
  // By what was said, not by how often it was asked: an answer that broke off is asked for again.
  server.llm = [
    (request, response) => {
      const { messages } = JSON.parse(request.body) as { messages: { role: string }[] };
      STEPS[messages.filter(({ role }) => role === 'assistant').length]?.(request, response);
    },
  ];
  const { taskId } = server.queue({ files: [FILE], leftMs: 80_000 });
  const settlement = await settled(taskId, 80_000);
  const outputs = new Map<string, string>();
  for (const event of server.events)
    if (event.type === 'tool_output') outputs.set('all', (outputs.get('all') ?? '') + event.chunk);
  return {
    settlement: { ...settlement, leaseId: null, usage: null, stderr: null },
    stderr: settlement?.stderr ?? null,
    // Pieces of output are joined as they come.
    events: server.events
      .filter(({ type }) => type !== 'tool_output')
      .map((event) => ({ ...event, callId: null })),
    output: outputs.get('all'),
    writes: writes(),
    artifacts: Object.fromEntries(server.artifacts),
  };
}

let uncut: Awaited<ReturnType<typeof run>>;

test('a guest that listens does its task, and nothing of it is on its output', async () => {
  uncut = await run(() => ({}));
  expect(uncut).toMatchObject({
    settlement: { outcome: 'completed', stdout: 'all is done', error: null },
    stderr: null,
    writes: ['/api/v1/first', '/api/v1/second'],
    artifacts: { 'report.csv': 'r'.repeat(20_000) },
  });
  expect(uncut.output).toMatch(/^1000\n\d+\n\{"id":1,"\n\{"id":2,"\nx{30000}$/);
  expect(driver.passed.length).toBe(1);
  expect(await driver.output()).toBe('');
});

/** Of one connection after the other, each time a little more: every byte of its beginning, and then all over. */
const growing = (connections: number): Cut => ({ toRunner: Math.round(1.6 ** connections) });
/**
 * The same; but every second one has room for all that the guest waits for, and more often than twice in a row no
 * answer of the model breaks off in its middle: a third time is too much for the agent.
 */
const pausing = (connections: number): Cut => ({
  toGuest: connections % 2 === 1 ? 2_500 : Math.round(1.4 ** connections),
});

test.each([
  ['what the guest says', growing],
  ['what the guest is told', pausing],
])('connections that break anywhere in %s change nothing', { timeout: 90_000 }, async (_what, plan) => {
  const cut = await run(plan);
  expect(cut.settlement).toEqual(uncut.settlement);
  expect(driver.passed.length).toBeGreaterThan(5);
  expect({ ...cut, stderr: null, events: told(cut.events) }).toEqual({ ...uncut, events: told(uncut.events) });
  // Of an answer of the model of which a part was there the agent is told, and asks again.
  expect(cut.stderr ?? 'attempt').toContain('attempt');
});

test('connections over which nothing passes any more are given up for new ones', async () => {
  const strands = [60, 700, 4_000, 30_000];
  const cut = await run((connections) => ({
    ...(strands[connections] !== undefined && {
      [connections % 2 === 0 ? 'toRunner' : 'toGuest']: strands[connections],
      strands: true,
    }),
  }));
  expect(logged()).toContain('nothing comes from the sandbox any more');
  expect(driver.passed.length).toBeGreaterThan(3);
  expect({ ...cut, stderr: null, events: told(cut.events) }).toEqual({ ...uncut, events: told(uncut.events) });
});

/** What the agent tells of its retries aside. */
const told = (events: { type: string }[]) => events.filter(({ type }) => type !== 'diagnostic');
