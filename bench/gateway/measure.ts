// What the gateway adds to a call of a model, and how many streams one server holds open. Called by
// bench/gateway.ts and by the measurement of the API.
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { median } from '../statistics.ts';
import { type Asked, askForStream } from './asking.ts';
import { type GatewaySeed, startGatewaySeed } from './seed.ts';

const CALLS = 200;
const WARM_UP = 30;
/** Streams open at once; the first number at which one of them stands still ends the measurement. */
const LEVELS = [100, 250, 500, 1_000];
/** In which every stream, of which each gets an event a second, has to get some. */
const WATCHED_MS = 5_000;
const EVENTS_EACH = 2;

export interface GatewayMeasured {
  /** Median time to the first byte through the gateway, less that of the same upstream asked directly. */
  gatewayAddedMs: number;
  gatewayDirectMs: number;
  gatewayThroughMs: number;
  /** As many as were open at once with all going on; at most the last of the levels. */
  gatewayStreams: number;
  gatewayBytesPerStream: number;
}

/** @param say is told what is measured */
export async function measureGateway(say: (what: string) => void = () => undefined): Promise<GatewayMeasured> {
  const seed = await startGatewaySeed();
  try {
    say(`gateway: ${CALLS} calls through it and as many directly, by turns`);
    const added = await measureAdded(seed);
    say(`gateway: up to ${LEVELS.at(-1)} streams at once`);
    return { ...added, ...(await measureStreams(seed)) };
  } finally {
    await seed.stop();
  }
}

async function measureAdded(seed: GatewaySeed) {
  const key = await seed.taskKey('quick');
  const direct: number[] = [];
  const through: number[] = [];
  const ask = async (url: string) => {
    const { firstByteMs, ended } = await askForStream(url, key, 'quick');
    await ended;
    return firstByteMs;
  };
  for (let call = -WARM_UP; call < CALLS; call += 1) {
    const one = await ask(seed.upstreamUrl);
    const other = await ask(seed.gatewayUrl);
    if (call < 0) continue;
    direct.push(one);
    through.push(other);
  }
  const gatewayDirectMs = median(direct);
  const gatewayThroughMs = median(through);
  return { gatewayAddedMs: gatewayThroughMs - gatewayDirectMs, gatewayDirectMs, gatewayThroughMs };
}

async function measureStreams(seed: GatewaySeed) {
  const key = await seed.taskKey('steady');
  const open: Asked[] = [];
  const before = await residentBytes(seed.serverPid);
  const measured = { gatewayStreams: 0, gatewayBytesPerStream: 0 };
  try {
    for (const level of LEVELS) {
      const more = Array.from({ length: level - open.length }, () => askForStream(seed.gatewayUrl, key, 'steady'));
      open.push(...(await Promise.all(more)));
      if (!(await allGoOn(open))) break;
      const grown = (await residentBytes(seed.serverPid)) - before;
      measured.gatewayStreams = level;
      measured.gatewayBytesPerStream = Math.max(0, grown / level);
    }
  } finally {
    for (const stream of open) stream.hangUp();
  }
  return measured;
}

async function allGoOn(open: readonly Asked[]): Promise<boolean> {
  const before = open.map((stream) => stream.events());
  await sleep(WATCHED_MS);
  return open.every((stream, index) => stream.events() - (before[index] ?? 0) >= EVENTS_EACH);
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}
