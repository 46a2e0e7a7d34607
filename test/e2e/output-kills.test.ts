// An answer as a value while the server or the runner is killed with -9, on the real path: gVisor, a real agent, and an
// upstream that plays the model. A server that comes back goes on with the sandbox that is there; with its runner a
// gVisor sandbox is lost, which the task says. What the sandboxes of a cluster do: integration/output-takeover.test.ts.
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Task } from '../../src/protocol/task.ts';
import { rowsOf, run, testDatabase } from '../fixtures/database.ts';
import { type Said, startPlayedModel } from '../fixtures/played-model.ts';
import { startSeed, type TestSeed, until } from '../fixtures/seed.ts';

const SCHEMA = { type: 'object', properties: { total: { type: 'integer' } }, required: ['total'] };
const PATIENCE_MS = 180_000;
/** Advisory locks, which a trigger takes before the server notes a verdict, or the end. */
const HELD = { verdict: 1, settlement: 2 } as const;

const undo = new AsyncDisposableStack();
let database: Awaited<ReturnType<typeof testDatabase>>;
let model: Awaited<ReturnType<typeof startPlayedModel>>;
let seed: TestSeed;
let locker: Client;
beforeAll(async () => {
  database = await testDatabase();
  undo.defer(() => database.drop());
  await run(
    database.databaseUrl,
    `create function held() returns trigger language plpgsql as $$ begin
       perform pg_advisory_xact_lock(tg_argv[0]::bigint);
       return new;
     end $$;
     create trigger held_verdict before update on tasks for each row
       when (new.output_attempts > old.output_attempts) execute function held(${HELD.verdict});
     create trigger held_settlement before update on tasks for each row
       when (new.completed_at is not null and old.completed_at is null) execute function held(${HELD.settlement})`,
  );
  locker = new Client({ connectionString: database.databaseUrl });
  await locker.connect();
  undo.defer(() => locker.end());
  model = await startPlayedModel();
  undo.defer(() => model.close());
  seed = await startSeed({
    DATABASE_URL: database.databaseUrl,
    SEED_LLM_BASE_URL: model.baseUrl,
    SEED_LLM_MODEL: 'test/model',
    SEED_RUNNER_SLOTS: '4',
  });
  undo.defer(() => seed.remove());
}, 180_000);
afterAll(() => undo.disposeAsync());

const finish = (total: unknown): Said => ({ calls: [{ name: 'finish', input: { total } }] });
const bash = (command: string): Said => ({ calls: [{ name: 'bash', input: { command } }] });

/** Kills it; resolves when another is there. */
async function kill(who: 'server' | 'runner'): Promise<void> {
  const pidOf = () => (who === 'server' ? seed.serverPid() : seed.runnerPid());
  const before = pidOf();
  process.kill(before, 'SIGKILL');
  await until('another', () => pidOf() !== before, PATIENCE_MS);
}

async function post(says: readonly Said[]): Promise<Posted> {
  const { instruction, asked } = model.play(says);
  const { id } = await seed.postTask({ instruction, output: { schema: SCHEMA }, timeout: 600_000 });
  return { id, asked };
}

interface Posted {
  id: string;
  asked: unknown[];
}

/** The server has come to what the lock holds, of one task more. */
async function held(what: keyof typeof HELD, says: readonly Said[]): Promise<Posted> {
  await locker.query('select pg_advisory_lock($1)', [HELD[what]]);
  const posted = await post(says);
  const waiting = `select from pg_locks where locktype = 'advisory' and objid = ${HELD[what]} and not granted
    and database = (select oid from pg_database where datname = current_database())`;
  await until('it is held', async () => (await rowsOf(database.databaseUrl, waiting)).length > 0, PATIENCE_MS);
  return posted;
}

/** The model is asked for the answer, behind what it says before, and silent until the promise resolves. */
async function inCall(before: readonly Said[], go: Promise<unknown>): Promise<Posted> {
  const asked = Promise.withResolvers<void>();
  const after = () => {
    asked.resolve();
    return go;
  };
  const posted = await post([...before, { ...finish(3), after }, finish(3)]);
  await asked.promise;
  return posted;
}

/** Four tasks, each at its moment when it is killed; what becomes of each. */
async function killAmong(who: 'server' | 'runner') {
  const settling = await held('settlement', [finish('3'), finish(3)]);
  const judged = await held('verdict', [bash('echo 3'), finish(3)]);
  const killed = Promise.withResolvers<void>();
  const [working, reminded] = await Promise.all([
    inCall([bash('echo 3')], killed.promise),
    inCall([{ text: 'It is three.' }], killed.promise),
  ]);
  await kill(who);
  await locker.query('select pg_advisory_unlock_all()');
  killed.resolve();
  const [beforeFinish, beforeVerdict, beforeSettlement, inReminder] = await Promise.all(
    [working, judged, settling, reminded].map(ended),
  );
  return { beforeFinish, beforeVerdict, beforeSettlement, inReminder };
}

async function ended({ id, asked }: Posted): Promise<Task> {
  const found = () => seed.getTask(id).catch(() => null);
  await until('it is over', async () => typeof (await found())?.completedAt === 'string', PATIENCE_MS);
  // One bill: of every call that was made, once. What was cut off lapses into a charge.
  await until('all is billed', async () => (await found())?.used.calls === asked.length, PATIENCE_MS);
  const task = await seed.getTask(id);
  const calls = await rowsOf(
    database.databaseUrl,
    `select sum(input_tokens + output_tokens)::integer as tokens from model_calls where task_id = '${id}'`,
  );
  expect(calls).toEqual([{ tokens: task.inputTokens + task.outputTokens }]);
  const ends = await rowsOf(
    database.databaseUrl,
    `select body ->> 'status' as status from events where task_id = '${id}' and body ->> 'status' in ('completed', 'failed')`,
  );
  expect(ends).toEqual([{ status: task.status }]);
  return task;
}

const answered = (attempts: number) => ({
  ...{ status: 'completed', error: null, output: { total: 3 }, outputAttempts: attempts, outputError: null },
});
const lost = (attempts: number) => ({
  ...{ status: 'failed', error: { code: 'interrupted' }, output: null, outputAttempts: attempts },
});

it('the server is killed: each goes on with its sandbox', { timeout: 500_000 }, async () => {
  expect(await killAmong('server')).toMatchObject({
    beforeFinish: answered(1),
    beforeVerdict: answered(1),
    beforeSettlement: answered(2),
    inReminder: answered(1),
  });
});

it('the runner is killed: what the server does not have is lost with the sandbox, and told', {
  timeout: 500_000,
}, async () => {
  expect(await killAmong('runner')).toMatchObject({
    beforeFinish: lost(0),
    beforeVerdict: lost(1),
    beforeSettlement: answered(2),
    inReminder: lost(0),
  });
});
