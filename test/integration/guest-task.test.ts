// The runner with the real guest, Pi and `seed` command in plain processes, against a server that plays Seed.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type RunnerSetUp, startFakeRunner } from '../fixtures/fake-runner.ts';
import { calls, type FakeServer, json, runs, says, sse, TASK_KEY } from '../fixtures/fake-server.ts';
import { createProcessDriver, type ProcessDriver } from '../fixtures/process-driver.ts';

let driver: ProcessDriver;
let server: FakeServer;
let logged: RunnerSetUp['logged'];
let settled: RunnerSetUp['settled'];
let stop: RunnerSetUp['stop'];

beforeAll(async () => {
  driver = await createProcessDriver();
});
afterAll(() => driver.remove());
beforeEach(async () => {
  ({ server, logged, settled, stop } = await startFakeRunner(driver, { drainMs: 100 }));
});
afterEach(() => stop());

const outputOf = (type: 'tool_output' | 'tool_result' | 'text' | 'diagnostic') =>
  server.events.map((event) => {
    if (event.type !== type) return '';
    if (event.type === 'tool_output') return event.chunk;
    return event.type === 'tool_result' ? event.output : event.text;
  });

/** Whether the process is there and no zombie. */
function isAlive(pid: string): boolean {
  return existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

test('a task calls its command, reports every step in order and ends with the answer', async () => {
  server.llm = [runs('seed /api/v1/keys; echo; env; id -u'), says('two keys')];
  server.api = (_request, response) => json(response, 200, { items: ['a', 'b'] });
  const { taskId } = server.queue({ instruction: '/help count the keys' });
  expect(await settled(taskId)).toMatchObject({
    outcome: 'completed',
    stdout: 'two keys',
    stderr: null,
    exitCode: 0,
    error: null,
  });

  expect(server.events.map(({ type }) => type)).toEqual(['tool_call', 'tool_output', 'tool_result', 'text']);
  const [output] = outputOf('tool_output').filter((chunk) => chunk !== '');
  expect(output).toContain('200 {"items":["a","b"]}');
  expect(output).not.toMatch(/sk_live_|NODE_OPTIONS|runner-token/);
  expect(output).toMatch(/^SEED_API_URL=http:\/\/127\.0\.0\.1:\d+$/m);
  if (process.getuid?.() === 0) expect(output?.trimEnd().endsWith('1000')).toBe(true);
  expect(server.phases).toEqual(['starting', 'working', 'finishing']);

  const [completion] = server.seen.filter(({ url }) => url === '/llm/v1/chat/completions');
  const { model, messages } = JSON.parse(completion?.body ?? '{}');
  expect(model).toBe('test-model');
  expect(messages[0].content).toContain('seed keys list  # List the keys');
  expect(JSON.stringify(messages[1])).toContain('/help count the keys');
  expect(completion?.headers.authorization).toBe(`Bearer ${TASK_KEY}`);
  expect(Object.keys(completion?.headers ?? {}).filter((name) => name.startsWith('x-'))).toEqual([]);
});

test('files are read, written and edited with the rights of the agent', async () => {
  const path = 'notes/todo.txt';
  server.llm = [
    calls({ tool: 'write', input: { path, content: 'one\ntwo\n' } }),
    calls({ tool: 'edit', input: { path, edits: [{ oldText: 'two', newText: 'zwei' }] } }),
    calls({ tool: 'read', input: { path } }, { tool: 'read', input: { path: '/etc/shadow' } }),
    runs('stat -c %u notes/todo.txt'),
    says('written'),
  ];
  const { taskId } = server.queue();
  expect(await settled(taskId)).toMatchObject({ outcome: 'completed' });
  expect(readFileSync(join(driver.workspaceDir, path), 'utf8')).toBe('one\nzwei\n');
  const results = server.events.filter((event) => event.type === 'tool_result');
  expect(results.map(({ isError }) => isError)).toEqual([
    false,
    false,
    expect.any(Boolean),
    expect.any(Boolean),
    false,
  ]);
  expect(outputOf('tool_result').some((output) => output.includes('one\nzwei'))).toBe(true);
  expect(outputOf('tool_result').some((output) => /permission denied/i.test(output))).toBe(true);
  if (process.getuid?.() === 0) expect(outputOf('tool_output').join('')).toBe('1000\n');
});

test('the agent reaches neither the own requests of the guest nor anything else', async () => {
  const paths = [
    '/task',
    '/events',
    '/result',
    '/',
    '/runner/v1/lease',
    '/api/v1/../../runner/v1/lease',
    '/api/v1/%2e%2e/x',
  ];
  server.llm = [
    runs(
      paths.map((path) => `curl -s -o /dev/null -w '%{http_code} ' --path-as-is "$SEED_API_URL${path}"`).join(';'),
    ),
    says('tried'),
  ];
  const { taskId } = server.queue();
  await settled(taskId);
  expect(outputOf('tool_output').join('')).toBe('404 404 404 404 404 403 403 ');
  expect(server.seen.map(({ url }) => url).filter((url) => url.includes('runner') || url.includes('%'))).toEqual(
    [],
  );
});

test('a failing LLM ends the task with what it said', async () => {
  server.llm = [
    (_request, response) => json(response, 502, { error: { code: 'llm_unavailable', message: 'no credit left' } }),
  ];
  const { taskId } = server.queue();
  const settlement = await settled(taskId);
  expect(settlement).toMatchObject({
    outcome: 'failed',
    exitCode: 1,
    stdout: null,
    error: { code: 'llm_unavailable' },
  });
  expect(settlement?.error?.message).toContain('no credit left');
  expect(settlement?.stderr).toContain('no credit left');
  expect(server.events.at(-1)?.type).toBe('diagnostic');
});

test('an LLM that breaks off in its stream ends the task with what it said', async () => {
  server.llm = [(_request, response) => sse(response, [{ error: { code: 500, message: 'the model fell over' } }])];
  const { taskId } = server.queue();
  const settlement = await settled(taskId);
  expect(settlement?.error?.code).toBe('llm_unavailable');
  expect(settlement?.error?.message).toContain('the model fell over');
});

test('an answer of the LLM that the network breaks off is asked for again', async () => {
  const begins = {
    choices: [{ index: 0, delta: { role: 'assistant', content: 'half an' }, finish_reason: null }],
  };
  server.llm = [
    (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`data: ${JSON.stringify(begins)}\n\n`, () => setTimeout(() => response.destroy(), 50));
    },
    says('the whole answer'),
  ];
  const { taskId } = server.queue();
  expect(await settled(taskId)).toMatchObject({
    outcome: 'completed',
    stdout: 'the whole answer',
    stderr: 'the LLM failed (connection lost: the answer broke off); attempt 1 of 2 to go on',
  });
});

test('a server that goes away between two calls of the LLM, and during a command, is not noticed', async () => {
  let calls = 0;
  server.llm = [runs('seed /api/v1/keys'), says('counted')];
  server.api = (_request, response) => {
    calls += 1;
    if (calls > 1) return json(response, 200, { items: ['a'] });
    // The connections break while the command is at work, and for a while there is nobody.
    void server.down().then(async () => {
      await expect.poll(() => logged()).toContain('a call of the guest waits');
      await server.up();
    });
  };
  const { taskId } = server.queue();
  expect(await settled(taskId)).toMatchObject({ outcome: 'completed', stdout: 'counted', stderr: null });
  expect(outputOf('tool_output').join('')).toContain('200 {"items":["a"]}');
});

test('a stopped task is killed with everything its agent started, and not settled', async () => {
  server.llm = [runs('echo $$; sleep 600')];
  const { taskId } = server.queue();
  await expect.poll(() => outputOf('tool_output').join(''), { timeout: 10_000 }).toMatch(/^\d+\n$/);
  const shell = outputOf('tool_output').join('').trim();
  expect(isAlive(shell)).toBe(true);
  server.stop(taskId);
  await expect.poll(() => isAlive(shell), { timeout: 3000 }).toBe(false);
  await expect.poll(() => driver.processes.at(-1)?.exitCode ?? driver.processes.at(-1)?.signalCode).not.toBeNull();
  expect(server.settlements.has(taskId)).toBe(false);
});

test('at its deadline a task is timed out; its output so far is kept', async () => {
  server.llm = [runs('echo begun; sleep 600')];
  const deadline = Date.now() + 4000;
  const { taskId } = server.queue({ leftMs: 4000 });
  expect(await settled(taskId)).toMatchObject({ outcome: 'timed_out', exitCode: null, error: null });
  expect(Date.now() - deadline).toBeLessThan(1000);
  expect(Date.now()).toBeGreaterThanOrEqual(deadline);
  expect(outputOf('tool_output').join('')).toBe('begun\n');
});

test('a guest that dies fails the task', async () => {
  server.llm = [runs('echo begun; sleep 600')];
  const { taskId } = server.queue();
  await expect.poll(() => outputOf('tool_output').join(''), { timeout: 10_000 }).toBe('begun\n');
  driver.processes.at(-1)?.kill('SIGKILL');
  expect(await settled(taskId)).toMatchObject({ outcome: 'failed', error: { code: 'sandbox_lost' } });
});

test('output without end is bounded, and control characters arrive as they are', async () => {
  server.llm = [
    runs("printf '\\033[31mred\\007'; head -c 3000000 /dev/zero | tr '\\0' x"),
    says('x'.repeat(300_000)),
  ];
  const { taskId } = server.queue();
  const settlement = await settled(taskId);
  const output = outputOf('tool_output').join('');
  expect(output.startsWith('\u001b[31mred\u0007xxx')).toBe(true);
  expect(output.length).toBeGreaterThan(1_000_000);
  expect(output.length).toBeLessThan(1_100_000);
  expect(output).toContain('the rest was cut');
  const bytes = Buffer.byteLength(settlement?.stdout ?? '');
  expect(256 * 1024 - bytes).toBeGreaterThanOrEqual(0);
  expect(256 * 1024 - bytes).toBeLessThan(10);
  expect(settlement?.stdout).toMatch(/bytes left out/);
});

test('calls that hang take nothing from the agent itself', async () => {
  const held: ServerResponse[] = [];
  server.api = (_request, response) => held.push(response);
  const hang = 'curl -s -o /dev/null -w "%{http_code} " $SEED_API_URL/api/v1/hang';
  server.llm = [runs(`for i in $(seq 40); do ${hang} & done; sleep 0.5; jobs -r | wc -l`), says('still here')];
  const { taskId } = server.queue();
  expect(await settled(taskId)).toMatchObject({ outcome: 'completed', stdout: 'still here' });
  expect(held.length).toBe(16);
  expect(outputOf('tool_output').join('').match(/429/g)?.length).toBe(24);
});

test('a command waits while nobody takes its output', async () => {
  const done = join(driver.workspaceDir, 'done');
  const talks = runs('head -c 8000000 /dev/zero | tr "\\0" x; touch done');
  server.llm = [
    (...call) => {
      server.refuseReports = { status: 503, code: 'unavailable' };
      return talks(...call);
    },
    says('through'),
  ];
  const { taskId } = server.queue();
  await expect.poll(() => server.refusals, { timeout: 10_000 }).toBeGreaterThan(6);
  expect(existsSync(done)).toBe(false);
  server.refuseReports = null;
  expect(await settled(taskId)).toMatchObject({ outcome: 'completed', stdout: 'through' });
  expect(existsSync(done)).toBe(true);
});

test('a body over the limit is refused before it is sent', async () => {
  const upload =
    'curl -s -o /dev/null -w "%{http_code}" --data-binary @big -H "Expect:" $SEED_API_URL/api/v1/keys';
  server.llm = [runs(`head -c 9000000 /dev/zero > big; ${upload}; rm big`), says('too big')];
  const { taskId } = server.queue();
  expect(await settled(taskId)).toMatchObject({ outcome: 'completed' });
  expect(outputOf('tool_output').join('')).toBe('413');
  expect(server.seen.some(({ url }) => url === '/api/v1/keys')).toBe(false);
});

test('the files of the task are there before the agent moves, to read only', async () => {
  server.filesToCut = 3;
  server.files.set('a.csv', 'one');
  server.files.set('deep/b.csv', 'two');
  server.llm = [
    runs('cat in/a.csv in/deep/b.csv; (echo x >> in/a.csv) 2>/dev/null; (echo x > in/c) 2>/dev/null; ls in'),
    says('read'),
  ];
  const about = { type: 'text/csv', sha256: '' };
  const { taskId } = server.queue({
    files: [
      { name: 'a.csv', size: 3, ...about },
      { name: 'deep/b.csv', size: 3, ...about },
    ],
  });
  expect(await settled(taskId)).toMatchObject({ outcome: 'completed', stderr: null });
  if (process.getuid?.() === 0) expect(outputOf('tool_output').join('')).toBe('onetwoa.csv\ndeep\n');
  const [completion] = server.seen.filter(({ url }) => url === '/llm/v1/chat/completions');
  expect(completion?.body).toContain('in/: \\"a.csv\\"'.replace('in/', '/in'));
});

test('what the agent leaves is sent, however it is planted only its own plain files, and what is not kept is told', async () => {
  const secret = join(driver.workspaceDir, '..', 'secret');
  writeFileSync(secret, 'secret of the guest', { mode: 0o600 });
  server.llm = [
    runs(
      `cd out; echo plain > plain; mkdir d; echo deep > d/deep; ln -s ${secret} link; ln -s .. up; mkfifo pipe
ln -s /etc/shadow shadow; ln ${secret} hard 2>/dev/null; touch $'new\\nline'; truncate -s 40M large; sleep 1; echo end >> plain`,
    ),
    says('left'),
  ];
  const { taskId } = server.queue();
  const settlement = await settled(taskId);
  expect(settlement).toMatchObject({ outcome: 'completed', stdout: 'left' });
  expect(Object.fromEntries(server.artifacts)).toEqual({ plain: 'plain\nend\n', 'd/deep': 'deep\n' });
  expect(settlement?.stderr?.split('\n').sort()).toEqual([
    'files in the folder out are not kept for their names, such as "new\\nline": the name has control or invisible characters',
    'the artifact "large" is not kept: it is larger than 33554432 bytes',
  ]);
});

test('a file that grows for ever and one that shrinks are sent while they do', async () => {
  server.llm = [
    runs('cd out; while :; do date >> grows; head -c 3000000 /dev/zero > shrinks; : > shrinks; sleep 0.05; done'),
    says('never'),
  ];
  const { taskId } = server.queue();
  await expect.poll(() => server.artifacts.get('grows')?.length, { timeout: 20_000 }).toBeGreaterThan(0);
  const before = server.artifacts.get('grows')?.length ?? 0;
  await expect.poll(() => server.artifacts.get('grows')?.length, { timeout: 20_000 }).toBeGreaterThan(before);
  server.stop(taskId);
  await expect
    .poll(() => driver.processes.at(-1)?.exitCode ?? driver.processes.at(-1)?.signalCode, { timeout: 10_000 })
    .not.toBeNull();
});
