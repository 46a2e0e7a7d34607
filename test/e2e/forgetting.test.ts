// One word of its own in everything that can be said in tasks, which run in real sandboxes; then they are forgotten;
// then all that is left is searched: tables, a dump, the bucket, the data folder, what server and runner wrote.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Task } from '../../src/protocol/task.ts';
import { rowsOf, run, type TestDatabase, testDatabase } from '../fixtures/database.ts';
import { tablesSaying } from '../fixtures/planted-rows.ts';
import { postgresProgram, startDebianPostgres, whyNoReplicatedPostgres } from '../fixtures/replicated-postgres.ts';
import { BUCKET, type S3Server, startS3 } from '../fixtures/s3-server.ts';
import { bash, startSeed, type TestSeed, until } from '../fixtures/seed.ts';
import { startReceiver, type WebhookReceiver } from '../fixtures/webhook-receiver.ts';

const exec = promisify(execFile);
const WORD = `canary${randomBytes(8).toString('hex')}`;
const say = (place: string) => `${WORD}-${place}`;

let seed: TestSeed;
let database: TestDatabase;
let client: Client;
let s3: S3Server;
let good: WebhookReceiver;
let bad: WebhookReceiver;
let log = '';
beforeAll(async () => {
  s3 = await startS3();
  database = await dumpedDatabase();
  client = new Client({ connectionString: database.databaseUrl });
  await client.connect();
  good = await startReceiver((response, { raw }) => response.writeHead(200).end(raw));
  bad = await startReceiver((response, { raw }) => response.writeHead(500).end(raw));
  seed = await startSeed(
    {
      DATABASE_URL: database.databaseUrl,
      SEED_PACKS: 'examples/devops',
      SEED_RUNNER_SLOTS: '4',
      SEED_WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
      SEED_S3_ENDPOINT: s3.settings.endpoint,
      SEED_S3_BUCKET: BUCKET,
      SEED_S3_REGION: s3.settings.region,
      SEED_S3_ACCESS_KEY_ID: s3.settings.accessKeyId,
      SEED_S3_SECRET_ACCESS_KEY: s3.settings.secretAccessKey,
      SEED_LOG_LEVEL: 'debug',
    },
    (text) => {
      log += text;
    },
  );
}, 120_000);
afterAll(async () => {
  await seed?.remove();
  await client?.end();
  await Promise.all([good?.close(), bad?.close(), s3?.close()]);
  await database?.drop();
});

const api = <Body = Record<string, never>>(method: string, path: string, body?: object, headers = {}) =>
  seed.call<Body>(method, `/api/v1${path}`, { headers, ...(body && { body }) });
const ended = (id: string) =>
  until(`task ${id} has ended`, async () => (await seed.getTask(id)).completedAt !== null, 90_000);

const bill = async () => {
  const reports: Record<string, unknown> = {};
  for (const path of ['costs?by=key', 'costs?by=day', 'costs?by=model', 'usage?by=key', 'usage?by=task']) {
    const { body } = await api<Record<string, unknown>>('GET', `/obs/${path}&since=7d`);
    reports[path] = { ...body, from: null, to: null };
  }
  return {
    reports,
    spend: await rowsOf(
      database.databaseUrl,
      'select key_id, sum(nano_usd), sum(tokens) from spend group by 1 order by 1',
    ),
    calls: await rowsOf(
      database.databaseUrl,
      `select count(*), sum(cost_nano_usd), sum(input_tokens), sum(output_tokens) from model_calls`,
    ),
  };
};

/** On Debian's Postgres, where there is one: its pg_dump reads no newer one. */
async function dumpedDatabase(): Promise<TestDatabase> {
  if (whyNoReplicatedPostgres() !== null) return testDatabase();
  const cluster = await startDebianPostgres();
  await run(cluster.url, 'create database seed');
  const databaseUrl = cluster.url.replace('/postgres?', '/seed?');
  return { databaseUrl, drop: async () => cluster[Symbol.asyncDispose]() };
}

/** What pg_dump says of the whole database, where there is one; else each table as `copy` writes it. */
async function dump(): Promise<string> {
  const why = whyNoReplicatedPostgres();
  if (why === null) {
    const { stdout } = await exec(postgresProgram('pg_dump'), [database.databaseUrl], { maxBuffer: 1 << 30 });
    return stdout;
  }
  process.stderr.write(`without pg_dump, tables are read by themselves: ${why}\n`);
  const { rows } = await client.query<{ name: string }>(
    `select nspname || '.' || relname as name from pg_class join pg_namespace on pg_namespace.oid = relnamespace
     where relkind = 'r' and nspname not in ('pg_catalog', 'information_schema')`,
  );
  let text = '';
  for (const { name } of rows) {
    const { rows: contents } = await client.query<{ row: string }>(`select row::text from ${name} as row`);
    text += contents.map(({ row }) => row).join('\n');
  }
  return text;
}

async function filesSaying(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries.filter((each) => each.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const content = await readFile(path).catch(() => Buffer.alloc(0));
    if (content.includes(WORD)) found.push(path);
  }
  return found;
}

const objectsSaying = () => [...s3.objects].filter(([, content]) => content.includes(WORD)).map(([path]) => path);

it('leaves nothing of what was said, and all that is owed', { timeout: 300_000 }, async () => {
  await api('POST', '/packs/devops/samples');
  for (const receiver of [good, bad])
    expect((await api('POST', '/webhooks', { url: `${receiver.url}/hook`, events: ['*'] })).status).toBe(201);

  // A file, an artifact, output of a tool, a value, a kept workspace, labels; posted so that it may be repeated.
  const headers = { 'idempotency-key': `once-${WORD.slice(6)}` };
  const first = (
    await api<{ task: Task }>(
      'POST',
      '/tasks/run',
      {
        instruction: `${say('instruction')}\n${bash(
          `cat in/*.txt; echo ${say('event')}; echo ${say('artifact')} > out/made.txt; echo ${say('workspace')} > kept.txt`,
          `echo '{"word": "${say('value')}"}' | seed finish --json -`,
        )}`,
        files: [{ name: 'given.txt', content: Buffer.from(say('file')).toString('base64') }],
        output: { schema: { type: 'object', properties: { word: { type: 'string' } }, required: ['word'] } },
        keep: { workspace: true },
        metadata: { label: say('label') },
      },
      headers,
    )
  ).body.task;
  await ended(first.id);
  const { body: next } = await api<{ task: Task }>('POST', `/tasks/${first.id}/continue`, {
    instruction: `${say('conversation')}\n${bash('cat kept.txt')}`,
  });
  await ended(next.task.id);
  expect((await seed.getTask(next.task.id)).stdout).toContain(say('workspace'));

  // A call of a pack that a person is asked about, and a message to the task meanwhile.
  const { secret: poster } = await seed.newKey(['tasks:*', 'incidents:*']);
  const asking = await seed.postTask(
    {
      instruction: bash(
        `seed incidents create production-us --title "${say('call')}" --severity high --summary "${say('input')}" --json`,
      ),
      approval: { effects: ['write'], wait: 120_000 },
    },
    poster,
  );
  const approval = await until(
    'it asks',
    async () => (await api<{ items: { id: string }[] }>('GET', `/approvals?task=${asking.id}`)).body.items[0],
    60_000,
  );
  await api('POST', `/tasks/${asking.id}/messages`, { text: say('message') });
  expect((await api('POST', `/approvals/${approval.id}/approve`, { message: say('decision') })).status).toBe(200);
  await ended(asking.id);

  // By the clock, from a template, and in the background.
  const runAt = new Date(Date.now() + 3_000).toISOString();
  const schedule = await api<{ schedule: { id: string } }>('POST', '/schedules', {
    name: 'once',
    runAt,
    task: { instruction: bash(`echo ${say('schedule')}`) },
  });
  expect(schedule.status).toBe(201);
  const template = { name: 'echo', instruction: '{{what}}', parameters: PARAMETERS, scopes: ['keys:read'] };
  expect((await api('POST', '/templates', template)).status).toBe(201);
  const parameters = { what: bash(`echo ${say('template')}`) };
  const used = (await api<{ task: Task }>('POST', '/tasks/run', { template: 'echo', parameters })).body.task;
  await ended(used.id);
  const later = await api<{ call: { id: string } }>(
    'POST',
    `/tasks/${used.id}/stop`,
    {},
    { prefer: 'respond-async' },
  );
  const background = () =>
    api<{ call: { status: string; result: unknown } }>('GET', `/background/${later.body.call.id}`);
  await until('the call is done', async () => (await background()).body.call.status !== 'running', 60_000);
  expect(JSON.stringify((await background()).body)).toContain(say('template'));
  const ran = await until(
    'the schedule has run',
    async () => {
      const { body } = await api<{ items: { id: string; status: string }[] }>(
        'GET',
        `/schedules/${schedule.body.schedule.id}/runs`,
      );
      return body.items.find(({ status }) => !['due', 'waiting', 'starting', 'started'].includes(status));
    },
    90_000,
  );
  await ended(ran.id);
  await until(
    'webhooks were tried',
    async () => {
      const said = (receiver: WebhookReceiver) => receiver.received.some(({ raw }) => raw.includes(WORD));
      return said(good) && said(bad);
    },
    60_000,
  );

  // The search finds what is there: each word of which it can be told, in its place.
  const there = await tablesSaying(client, WORD);
  for (const table of ['approvals', 'schedules', 'tasks', 'webhook_attempts', 'webhook_events'])
    expect(there).toContain(`public.${table}`);
  expect(there.some((table) => table.startsWith('public.events_'))).toBe(true);
  expect(there.some((table) => table.startsWith('public.calls_'))).toBe(true);
  const before = await dump();
  for (const place of [
    'instruction',
    'label',
    'event',
    'value',
    'conversation',
    'call',
    'input',
    'message',
    'decision',
  ])
    expect(before).toContain(say(place));
  for (const place of ['schedule', 'template']) expect(before).toContain(say(place));
  expect(objectsSaying().length).toBeGreaterThanOrEqual(2);
  const owed = await bill();
  expect(JSON.stringify(owed)).toContain('scripted');

  const forgotten = await api<{ forgotten: number; left: number }>('POST', '/tasks/forget', { before: '0m' });
  expect(forgotten.body).toMatchObject({ left: 0 });
  expect(forgotten.body.forgotten).toBeGreaterThanOrEqual(5);

  // What the platform was told is the platform's, and so are the events that its commands make of it.
  const left = (await tablesSaying(client, WORD)).filter((table) => !/^(pack_devops|public.webhook)/.test(table));
  expect(left).toEqual([]);
  const events = await rowsOf(
    database.databaseUrl,
    `select distinct type from webhook_events left join webhook_deliveries on event_id = webhook_events.id
       left join webhook_attempts on delivery_id = webhook_deliveries.id
     where data::text like '%${WORD}%' or answer like '%${WORD}%'`,
  );
  expect(events).toEqual([]);
  const after = (await dump()).split('\n').filter((line) => line.includes(WORD));
  expect(after.filter((line) => !line.includes(say('call')))).toEqual([]);
  expect([...s3.objects.keys()]).toEqual([]);
  expect(await filesSaying(seed.dataDir)).toEqual([]);
  expect(log.includes(WORD)).toBe(false);
  expect((await background()).body.call.result).toBeNull();
  const again = await api<{ error: { code: string } }>('POST', '/tasks/run', { instruction: 'x' }, headers);
  expect([again.status, again.body.error.code]).toEqual([410, 'forgotten']);
  expect(await bill()).toEqual(owed);
});

const PARAMETERS = { type: 'object', properties: { what: { type: 'string' } }, required: ['what'] };
