// npm run bench -- webhooks: how many deliveries a second a server makes to a receiver on this machine, how long a
// new event takes to its receiver while 10,000 wait for another one, and what 100,000 endpoints cost that wait for
// later. Server, database and receiver are processes of their own or beside them.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { cpuSeconds } from './start/footprint.ts';
import { median, percentile, round } from './statistics.ts';
import { printTable } from './table.ts';
import { startWebhookBench, type WebhookBench } from './webhooks/seed.ts';

const EVENTS = 10_000;
const TIMED = 300;
const PAUSE_MS = 10;
/** How long the busy receiver takes to answer: with that, 10,000 are not through while the other is measured. */
const SLOW_MS = 500;
const WAITING = 100_000;
const IDLE_MS = 15_000;

const bench = await startWebhookBench();
try {
  say('nothing to do');
  const idleCpu = await measureIdle(bench);
  say(`nothing to do but to wait for ${WAITING} endpoints, which go on waiting from now on`);
  await bench.waitingEndpoints(WAITING);
  const waitingCpu = await measureIdle(bench);
  say(`${EVENTS} events to one receiver`);
  const deliveriesPerSecond = await measureThroughput(bench);
  say(`${TIMED} events to one receiver while ${EVENTS} wait for another`);
  const { delays, stillWaiting } = await measureDelay(bench);
  report({ deliveriesPerSecond, delays, stillWaiting, idleCpu, waitingCpu });
} finally {
  await bench.stop();
}

/** Progress, beside the table and the line of JSON on stdout. */
function say(message: string): void {
  process.stderr.write(`· ${message}\n`);
}

async function measureThroughput({ addEndpoint, emitMany, receiver }: WebhookBench): Promise<number> {
  await addEndpoint('/fast', 'bench.fast', 0);
  await emitMany('bench.fast', 200);
  await receiver.has('/fast', 200);
  const startedAt = performance.now();
  await emitMany('bench.fast', EVENTS);
  await receiver.has('/fast', 200 + EVENTS);
  return (EVENTS * 1_000) / (performance.now() - startedAt);
}

async function measureDelay({ addEndpoint, emit, emitMany, receiver, store }: WebhookBench) {
  await addEndpoint('/slow', 'bench.slow', SLOW_MS);
  await addEndpoint('/timed', 'bench.timed', 0);
  await emitMany('bench.slow', EVENTS);
  await receiver.has('/slow', 1);
  const delays: number[] = [];
  for (let event = 0; event < TIMED; event += 1) {
    const mark = randomUUID();
    const arrived = receiver.arrival(mark);
    await emit('bench.timed', mark);
    const committedAt = performance.now();
    delays.push((await arrived) - committedAt);
    await sleep(PAUSE_MS);
  }
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from webhook_deliveries where status = 'pending' and next_attempt_at < now() + interval '1 minute'`.execute(
    store.db,
  );
  return { delays, stillWaiting: rows[0]?.count ?? 0 };
}

/** Processors that server and Postgres keep busy while nothing is due. */
async function measureIdle({ pids }: WebhookBench): Promise<number> {
  await sleep(2_000);
  const before = await cpuSeconds(pids);
  await sleep(IDLE_MS);
  return ((await cpuSeconds(pids)) - before) / (IDLE_MS / 1_000);
}

interface Measured {
  deliveriesPerSecond: number;
  delays: readonly number[];
  stillWaiting: number;
  idleCpu: number;
  waitingCpu: number;
}

function report({ deliveriesPerSecond, delays, stillWaiting, idleCpu, waitingCpu }: Measured): void {
  const [delayMsP50, delayMsP99] = [median(delays), percentile(delays, 99)];
  printTable([
    ['webhooks', 'measured'],
    ['deliveries to one receiver', `${round(deliveriesPerSecond)} a second`],
    [`from commit to receiver, ${EVENTS} waiting for another: p50`, `${round(delayMsP50)} ms`],
    [`from commit to receiver, ${EVENTS} waiting for another: p99`, `${round(delayMsP99)} ms`],
    ['still waiting at the end', String(stillWaiting)],
    ['processors busy, idle', String(round(idleCpu, 3))],
    [`processors busy, ${WAITING} endpoints waiting for later`, String(round(waitingCpu, 3))],
  ]);
  const idleCpuRatio = waitingCpu / idleCpu;
  const measured = { deliveriesPerSecond, delayMsP50, delayMsP99, idleCpu, waitingCpu, idleCpuRatio };
  const rounded = Object.entries(measured).map(([name, value]) => [name, round(value, 3)]);
  process.stdout.write(`${JSON.stringify(Object.fromEntries(rounded))}\n`);
}
