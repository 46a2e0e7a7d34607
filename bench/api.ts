// npm run bench -- api: what the API answers a second, next to a bare Hono route on the same machine, and whether
// lists, claims and reports stay as fast with a million tasks as with a thousand. All in one run, so that the
// ratios mean something on any machine. Takes some five minutes, most of them to make the million.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { startEmbeddedPostgres } from '../src/db/embedded/start-embedded.ts';
import { openStore } from '../src/db/store.ts';
import { generateKeySecret, hashKeySecret } from '../src/lib/key-secret.ts';
import { createLog } from '../src/lib/log.ts';
import { listTasks } from '../src/server/tasks/list.ts';
import { fill } from './api/fill.ts';
import { type Growth, type History, measureGrowth } from './api/growth.ts';
import { type Load, startLoader } from './api/load.ts';
import { startBareServer, startSeedServer } from './api/servers.ts';
import { measureGateway } from './gateway/measure.ts';
import { median, round } from './statistics.ts';
import { printTable } from './table.ts';

const SMALL = 1_000;
const LARGE = 1_000_000;
/** Each address this often, by turns. */
const TURNS = 5;
const SECONDS = 3;

const log = createLog('bench', 'error');
const secret = generateKeySecret();
const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };

await using undo = new AsyncDisposableStack();
const dataDir = await mkdtemp(join(tmpdir(), 'seed-bench-api-'));
undo.defer(() => rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));
const postgres = await startEmbeddedPostgres({ dataDir, log });
undo.defer(() => postgres.stop());
const small = await openHistory('small', SMALL);
const large = await openHistory('large', LARGE);
say('lists, claims and reports, on both by turns');
const growth = await measureGrowth(small.history, large.history);
const reads = await measureRequests(large);
const gateway = await measureGateway(say);
report();

/** Progress, beside the table and the line of JSON on stdout. */
function say(message: string): void {
  process.stderr.write(`· ${message}\n`);
}

async function openHistory(name: string, tasks: number): Promise<{ history: History; databaseUrl: string }> {
  say(`a database with ${tasks} tasks`);
  const url = new URL(postgres.databaseUrl);
  const first = await openStore({ databaseUrl: url.href, log });
  await sql`create database ${sql.id(name)}`.execute(first.db);
  await first.close();
  url.pathname = `/${name}`;
  const store = await openStore({ databaseUrl: url.href, log });
  undo.defer(() => store.close());
  return { history: { store, ...(await fill(store, tasks, hashKeySecret(secret))) }, databaseUrl: url.href };
}

interface Requests {
  bare: number;
  bareRow: number;
  get: number;
  bareList: number;
  list: number;
  post: number;
}

/** Good answers a second: medians. */
async function measureRequests({ history, databaseUrl }: typeof large): Promise<Requests> {
  const seed = await startSeedServer(databaseUrl, dataDir);
  const { items, nextCursor } = await listTasks(history.store.db, history.accountId, {
    status: 'completed',
    limit: 20,
  });
  const id = items[0]?.id ?? '';
  const bare = await startBareServer({ answer: { task: items[0] }, databaseUrl });
  const bareList = await startBareServer({ answer: { items, nextCursor }, databaseUrl });
  const loader = startLoader();
  try {
    const task = JSON.stringify({ instruction: 'Check our API key inventory', timeout: 60_000 });
    const loads: Record<keyof Requests, Omit<Load, 'seconds'>> = {
      post: { url: `${seed.url}/api/v1/tasks/run`, method: 'POST', headers, body: task },
      bare: { url: `${bare.url}/answer` },
      get: { url: `${seed.url}/api/v1/tasks/${id}`, headers },
      bareRow: { url: `${bare.url}/row/${id}` },
      bareList: { url: `${bareList.url}/answer` },
      list: { url: `${seed.url}/api/v1/tasks?status=completed`, headers },
    };
    const names = Object.keys(loads) as (keyof Requests)[];
    const measured = Object.fromEntries(names.map((name) => [name, [] as number[]]));
    say(`requests over 32 connections, ${TURNS} times ${SECONDS} s each, by turns`);
    for (let turn = -1; turn < TURNS; turn += 1) {
      for (const name of names) {
        const { perSecond } = await loader.load({ ...loads[name], seconds: turn < 0 ? 1 : SECONDS });
        if (turn >= 0) measured[name]?.push(perSecond);
      }
    }
    const medians = names.map((name) => [name, median(measured[name] ?? [])]);
    return Object.fromEntries(medians) as unknown as Requests;
  } finally {
    loader.stop();
    await Promise.all([seed.stop(), bare.stop(), bareList.stop()]);
  }
}

function report(): void {
  const ratio = (one: number, other: number) => `${round(one / other, 2)} ×`;
  const perSecond = (value: number) => `${Math.round(value)} a second`;
  const worst = (what: Growth['what']) =>
    Math.max(...growth.filter((one) => one.what === what).map(({ smallMs, largeMs }) => largeMs / smallMs));
  printTable([
    ['what', 'measured', 'ratio', 'promised'],
    ['a bare Hono route: the JSON of a task', perSecond(reads.bare)],
    ['GET /tasks/{id}', perSecond(reads.get), `${ratio(reads.get, reads.bare)} bare`, '≥ 0.4 ×'],
    ['a Hono route that reads the row of a task', perSecond(reads.bareRow)],
    ['GET /tasks/{id}', perSecond(reads.get), `${ratio(reads.get, reads.bareRow)} that`],
    ['a bare Hono route: the JSON of 20 tasks', perSecond(reads.bareList)],
    ['GET /tasks, 20 of them', perSecond(reads.list), `${ratio(reads.list, reads.bareList)} bare`],
    ['POST /tasks/run', perSecond(reads.post)],
    ['gateway: added to the first byte of an answer, median', `${round(gateway.gatewayAddedMs, 2)} ms`],
    ['gateway: streams open at once, all going on', String(gateway.gatewayStreams)],
    ...growth.map(({ what, how, smallMs, largeMs }) => [
      `${what}: ${how}, with ${SMALL} and ${LARGE} tasks`,
      `${round(smallMs, 2)} and ${round(largeMs, 2)} ms`,
      ratio(largeMs, smallMs),
      '≤ 1.5 ×',
    ]),
  ]);
  const measured = {
    bareReadsPerSecond: reads.bare,
    readsPerSecond: reads.get,
    postsPerSecond: reads.post,
    listRatio: worst('list'),
    claimRatio: worst('claim'),
    obsRatio: worst('obs'),
    gatewayAddedMs: gateway.gatewayAddedMs,
    gatewayStreams: gateway.gatewayStreams,
  };
  const rounded = Object.entries(measured).map(([name, value]) => [name, round(value, 3)]);
  process.stdout.write(`${JSON.stringify(Object.fromEntries(rounded))}\n`);
}
