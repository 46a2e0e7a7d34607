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
import { fill } from './api/fill.ts';
import { type Growth, type History, measureGrowth } from './api/growth.ts';
import { walkTasks } from './api/paging.ts';
import { measureRequests } from './api/requests.ts';
import { measureGateway } from './gateway/measure.ts';
import { round } from './statistics.ts';
import { printTable } from './table.ts';

const SMALL = 1_000;
const LARGE = 1_000_000;

const log = createLog('bench', 'error');
const secret = generateKeySecret();

await using undo = new AsyncDisposableStack();
const dataDir = await mkdtemp(join(tmpdir(), 'seed-bench-api-'));
undo.defer(() => rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));
const postgres = await startEmbeddedPostgres({ dataDir, log });
undo.defer(() => postgres.stop());
const small = await openHistory('small', SMALL);
const large = await openHistory('large', LARGE);
say('lists, claims and reports, on both by turns');
// Before more tasks are made.
const walked = { small: await walkTasks(small.history, SMALL), large: await walkTasks(large.history, LARGE) };
const growth = await measureGrowth(small.history, large.history);
say('requests over 32 connections, by turns');
const requests = await measureRequests(large.history, { ...large, dataDir, secret });
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

function report(): void {
  const ratio = (one: number, other: number) => `${round(one / other, 2)} ×`;
  const perSecond = (value: number) => `${Math.round(value)} a second`;
  const worst = (what: Growth['what']) =>
    Math.max(...growth.filter((one) => one.what === what).map(({ smallMs, largeMs }) => largeMs / smallMs));
  const { get, lists, post } = requests;
  printTable([
    ['what', 'measured', 'ratio', 'promised'],
    ['a bare Hono route: the JSON of a task', perSecond(get.bare)],
    ['GET /tasks/{id}', perSecond(get.seed), `${ratio(get.seed, get.bare)} bare`, '≥ 0.4 ×'],
    ['a Hono route that reads the row of a task', perSecond(get.bareRow)],
    ['GET /tasks/{id}', perSecond(get.seed), `${ratio(get.seed, get.bareRow)} that`],
    ...Object.entries(lists).flatMap(([name, { bare, same, bareEach, each }]) => [
      [`a bare Hono route: the JSON of 20 ${name}`, perSecond(bare)],
      [`GET /${name}: all ask for the same page`, perSecond(same), `${ratio(same, bare)} bare`, '≥ 0.25 ×'],
      [`GET /${name}: each asks for another page`, perSecond(each), `${ratio(each, bareEach)} bare`, '≥ 0.25 ×'],
    ]),
    ['a bare Hono route that inserts one row durably', perSecond(post.bare)],
    ['POST /tasks/run', perSecond(post.seed), `${ratio(post.seed, post.bare)} that`, '≥ 1000 a second'],
    ['gateway: added to the first byte of an answer, median', `${round(gateway.gatewayAddedMs, 2)} ms`],
    ['gateway: streams open at once, all going on', String(gateway.gatewayStreams)],
    ...(['firstMs', 'middleMs', 'lastMs'] as const).map((third) => [
      `paging through all, 100 a page: ${third.replace('Ms', '')} third, with ${SMALL} and ${LARGE} tasks`,
      `${round(walked.small[third], 2)} and ${round(walked.large[third], 2)} ms`,
      ratio(walked.large[third], walked.small[third]),
      '≤ 1.5 ×',
    ]),
    ...growth.map(({ what, how, smallMs, largeMs }) => [
      `${what}: ${how}, with ${SMALL} and ${LARGE} tasks`,
      `${round(smallMs, 2)} and ${round(largeMs, 2)} ms`,
      ratio(largeMs, smallMs),
      '≤ 1.5 ×',
    ]),
  ]);
  const listRatios = Object.values(lists).flatMap(({ bare, same, bareEach, each }) => [
    same / bare,
    each / bareEach,
  ]);
  const measured = {
    bareReadsPerSecond: get.bare,
    readsPerSecond: get.seed,
    listToBare: Math.min(...listRatios),
    barePostsPerSecond: post.bare,
    postsPerSecond: post.seed,
    pageRatio: walked.large.lastMs / walked.small.lastMs,
    listRatio: worst('list'),
    claimRatio: worst('claim'),
    obsRatio: worst('obs'),
    gatewayAddedMs: gateway.gatewayAddedMs,
    gatewayStreams: gateway.gatewayStreams,
  };
  const rounded = Object.entries(measured).map(([name, value]) => [name, round(value, 3)]);
  process.stdout.write(`${JSON.stringify(Object.fromEntries(rounded))}\n`);
}
