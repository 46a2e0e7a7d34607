// An answer as a value while its runner or its server is killed: whoever comes next goes on with the same sandbox, the
// answer is the one that was given, its attempts and its bill are counted once. Real guests that listen as in a
// cluster, real agents, servers that are killed with -9, and an upstream that plays the model.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKeySecret } from '../../src/lib/key-secret.ts';
import { rowsOf, testDatabase } from '../fixtures/database.ts';
import { type HeldRequests, holdRequests } from '../fixtures/held-requests.ts';
import { createListeningDriver, type ListeningDriver } from '../fixtures/listening-driver.ts';
import { type Said, startPlayedModel } from '../fixtures/played-model.ts';
import { until } from '../fixtures/seed.ts';
import type { AnyBody } from '../fixtures/server.ts';
import { type ServerProcess, startServerProcess } from '../fixtures/server-process.ts';

const RUNNER = join(import.meta.dirname, '../fixtures/listening-runner.ts');
const SCHEMA = {
  type: 'object',
  properties: { total: { type: 'integer', minimum: 0 } },
  required: ['total'],
  additionalProperties: false,
};
const PATIENCE_MS = 120_000;
const adminKey = generateKeySecret();
const runnerToken = 'r'.repeat(40);

const undo = new AsyncDisposableStack();
let database: Awaited<ReturnType<typeof testDatabase>>;
let dataDir: string;
let model: Awaited<ReturnType<typeof startPlayedModel>>;
let platform: ListeningDriver;
let server: ServerProcess;
let line: HeldRequests;
let runner: { id: string; child: ChildProcess };
beforeAll(async () => {
  database = await testDatabase();
  undo.defer(() => database.drop());
  dataDir = await mkdtemp(join(tmpdir(), 'seed-answers-'));
  undo.defer(() => rm(dataDir, { recursive: true, force: true }));
  [model, platform] = await Promise.all([startPlayedModel(), createListeningDriver()]);
  undo.defer(() => model.close());
  undo.defer(() => platform.remove());
  server = await startServer();
  line = await holdRequests(server.url);
  undo.use(line);
  runner = startRunner();
}, 180_000);
afterAll(() => undo.disposeAsync());

async function startServer(): Promise<ServerProcess> {
  const started = await startServerProcess({
    DATABASE_URL: database.databaseUrl,
    SEED_DATA_DIR: dataDir,
    SEED_ADMIN_KEY: adminKey,
    SEED_RUNNER_TOKEN: runnerToken,
    SEED_LLM_BASE_URL: model.baseUrl,
    SEED_LLM_MODEL: 'test/model',
  });
  undo.defer(() => started.stop());
  return started;
}

/** @param former whose end it knows of */
function startRunner(former: string[] = []): typeof runner {
  const id = randomUUID();
  const args = [RUNNER, line.url, runnerToken, platform.folder, id, ...former];
  const child = spawn(process.execPath, args, { stdio: 'ignore' });
  undo.defer(() => void child.kill('SIGKILL'));
  return { id, child };
}

const isDead = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;

const KILLED = {
  async runner() {
    const { id, child } = runner;
    child.kill('SIGKILL');
    await until('it is dead', () => isDead(child));
    line.holds = line.losesAnswers = null;
    runner = startRunner([id]);
  },
  async server() {
    const { child } = server;
    child.kill('SIGKILL');
    await until('it is dead', () => isDead(child));
    server = await startServer();
    line.target = server.url;
    line.holds = line.losesAnswers = null;
    // As a connection does whose server is gone.
    line.breakHeld();
  },
};

async function call(method: string, path: string, body?: object): Promise<AnyBody> {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  return response.json();
}

const finish = (total: unknown): Said => ({ calls: [{ name: 'finish', input: { total } }] });
const bash = (command: string): Said => ({ calls: [{ name: 'bash', input: { command } }] });
const WAITS = 'touch begun; until [ -e go ]; do sleep 0.1; done';

/** The model is asked, and silent until it is let go. */
function silence() {
  const asked = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const after = () => {
    asked.resolve();
    return go.promise;
  };
  return { asked: asked.promise, go: go.resolve, after };
}

describe.each(['runner', 'server'] as const)('the %s is killed', (who) => {
  it('before finish is called', { timeout: 300_000 }, async () => {
    const { id, asked } = await post([bash(WAITS), finish(3)]);
    const file = (name: string) => join(platform.workspaceOf(id), name);
    await until('it is at work', () => existsSync(file('begun')), PATIENCE_MS);
    await KILLED[who]();
    await writeFile(file('go'), '');
    await expectAnswered(id, { attempts: 1, asked });
    expect(asked).toHaveLength(2);
  });

  it.each([
    ['with an answer that did not come to the server', { holds: /\/output$/ }],
    ['with a verdict that did not come to the guest', { losesAnswers: /\/output$/ }],
    ['with a settlement that did not come to the server', { holds: /\/settle$/ }],
  ])('%s', { timeout: 300_000 }, async (_name, cut) => {
    const { id, asked } = await post([bash(WAITS), finish('3'), finish(3)]);
    const file = (name: string) => join(platform.workspaceOf(id), name);
    await until('it is at work', () => existsSync(file('begun')), PATIENCE_MS);
    Object.assign(line, cut);
    await writeFile(file('go'), '');
    await until(
      'it is there',
      () => line.seen.some((seen) => seen.includes(id) && /(held|lost)$/.test(seen)),
      PATIENCE_MS,
    );
    await KILLED[who]();
    await expectAnswered(id, { attempts: 2, asked });
    expect(asked).toHaveLength(3);
  });

  it('during the reminder', { timeout: 300_000 }, async () => {
    const quiet = silence();
    const { id, asked } = await post([{ text: 'It is three.' }, { ...finish(3), after: quiet.after }, finish(3)]);
    await quiet.asked;
    await KILLED[who]();
    quiet.go();
    // A call that was cut off is made again, and billed by what is known of it.
    await expectAnswered(id, { attempts: 1, asked });
    expect(asked).toHaveLength(3);
  });
});

it('a runner that has lost the task tells the guest nothing: the next one is asked', {
  timeout: 300_000,
}, async () => {
  const quiet = silence();
  const { id, asked } = await post([{ ...finish(3), after: quiet.after }, finish(4)]);
  await quiet.asked;
  // It does not hear by its heartbeats that the task is another's.
  line.holds = /\/(heartbeat|lease)$/;
  await until('one is held', () => line.seen.at(-1)?.endsWith('heartbeat held'), PATIENCE_MS);
  const leave = await fetch(`${server.url}/runner/v1/leave`, {
    method: 'POST',
    headers: { authorization: `Bearer ${runnerToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ runnerId: runner.id, tasks: [] }),
  });
  expect(leave.status).toBe(204);
  quiet.go();
  await until('it has', () => line.seen.includes(`/runner/v1/tasks/${id}/output 409`), PATIENCE_MS);
  await KILLED.runner();
  await expectAnswered(id, { attempts: 1, asked });
  expect(asked).toHaveLength(1);
});

async function post(says: readonly Said[]): Promise<{ id: string; asked: unknown[] }> {
  const { instruction, asked } = model.play(says);
  const { task } = await call('POST', '/tasks/run', { instruction, output: { schema: SCHEMA } });
  return { id: task.id, asked };
}

async function expectAnswered(
  id: string,
  { attempts, asked }: { attempts: number; asked: readonly unknown[] },
): Promise<void> {
  const found = async () => (await call('GET', `/tasks/${id}`)).task;
  await until('it is over', async () => (await found()).completedAt !== null, PATIENCE_MS);
  const task = await found();
  expect(task).toMatchObject({ status: 'completed', error: null, output: { total: 3 } });
  expect(task).toMatchObject({ outputAttempts: attempts, outputError: null });
  // One bill: that of the calls that were made, each of which is in it once.
  const calls = asked.length;
  await until('all is billed', async () => (await found()).used.calls === calls, PATIENCE_MS);
  const billed = await rowsOf(
    database.databaseUrl,
    `select count(*)::integer as calls, sum(input_tokens + output_tokens)::integer as tokens from model_calls where task_id = '${id}'`,
  );
  const { inputTokens, outputTokens } = await found();
  expect(billed).toEqual([{ calls, tokens: inputTokens + outputTokens }]);
  const events = await rowsOf(
    database.databaseUrl,
    `select body ->> 'type' as type, body ->> 'status' as status, body ->> 'tool' as tool from events where task_id = '${id}'`,
  );
  expect(events.filter(({ status }) => status === 'completed')).toHaveLength(1);
  expect(events.filter(({ tool }) => tool === 'finish')).toHaveLength(attempts);
  const told = await rowsOf(
    database.databaseUrl,
    `select id from webhook_events where type like 'task.%' and data ->> 'taskId' = '${id}' and type in ('task.completed', 'task.failed')`,
  );
  expect(told).toHaveLength(1);
}
