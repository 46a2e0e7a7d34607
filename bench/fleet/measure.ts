// The measurement itself, on running processes: a fleet that is full of waiting tasks, single tasks beside them,
// one task with many watchers, and then all that is queued.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Callers, createCallers, endOf, type Followed } from './callers.ts';
import { type FleetDatabase, openFleetDatabase, type Work } from './database.ts';
import type { FleetInstruction } from './instruction.ts';
import { type FleetProcesses, type FleetSize, startFleet } from './processes.ts';
import { type ByPart, cpuByPart, eachOf, memoryByPart } from './usage.ts';

export interface FleetSettings extends FleetSize {
  tasks: number;
  watchers: number;
  /** Slots that are kept free for the single tasks. */
  free: number;
  probes: number;
  probesPerSecond: number;
  /** How long the full fleet is watched while nothing happens. */
  holdMs: number;
  /** How many events the watched task says, one every so often. */
  speaks: number;
  speaksEveryMs: number;
}

/** Milliseconds, one a task or an event. */
export interface Latencies {
  leased: number[];
  firstEvent: number[];
  endSeen: number[];
}

export interface FleetFigures {
  bareClaimsPerSecond: number;
  claimsPerSecond: number;
  /** Processors that are busy for each 1,000 tasks that only run. */
  heldCpus: ByPart;
  heldBytes: ByPart;
  /** Of single tasks beside those that run. */
  single: Latencies;
  /** From the moment an event was said until each watcher had it. */
  fanOut: number[];
  /** Processor seconds for each event and watcher. */
  fanOutCpu: number;
  /** Of the tasks that were queued. */
  crowd: Latencies;
  cpuPerTask: ByPart;
  workPerTask: Work;
  tasksPerSecond: number;
  peakBytes: ByPart;
}

export interface Watching {
  say(message: string): void;
  /** Also says which statements took most. */
  statements: boolean;
  /** Aborted when somebody wants it to end. */
  signal: AbortSignal;
}

/** Streams of one key on one server are bounded: watchers have keys of their own, so many a key. */
const WATCHERS_PER_KEY = 40;
const POLL_MS = 100;

/** Rejects when a task did not end as it had to, or more than once. */
export async function measureFleet(settings: FleetSettings, watching: Watching): Promise<FleetFigures> {
  const { tasks, running, servers, runners, free } = settings;
  const { say } = watching;
  say(`one Postgres, ${servers} servers, ${runners} runners with ${running} slots`);
  await using fleet = await startFleet(settings);
  await using database = await openFleetDatabase(fleet.databaseUrl);
  using callers = createCallers(
    fleet.servers.map(({ url }) => url),
    fleet.adminKey,
  );
  const at: Stage = { settings, fleet, database, callers, watching, posted: [] };
  const bareClaimsPerSecond = await database.bareClaims();
  const held = await fill(at, running - free);
  const figures = {
    bareClaimsPerSecond,
    ...held,
    ...(await hold(at)),
    single: await probe(at),
    ...(await fanOut(at)),
    ...(await crowd(at, Math.max(0, tasks - at.posted.length))),
  };
  await verify(at);
  return figures;
}

interface Stage {
  settings: FleetSettings;
  fleet: FleetProcesses;
  database: FleetDatabase;
  callers: Callers;
  watching: Watching;
  /** Every task so far. */
  posted: string[];
}

async function post({ callers, posted }: Stage, count: number, instruction: FleetInstruction): Promise<string[]> {
  const ids = await callers.postTasks(count, instruction);
  posted.push(...ids);
  return ids;
}

async function fill(at: Stage, count: number): Promise<{ claimsPerSecond: number }> {
  at.watching.say(`${count} tasks are queued, and then leased as fast as it goes`);
  const ids = await post(at, count, { kind: 'held' });
  await at.fleet.startRunners();
  await until(at, 'run', count, () => at.database.count('running'));
  const leased = (await at.database.timesOf(ids)).map(({ leasedMs }) => leasedMs);
  await told(at);
  return { claimsPerSecond: ((count - 1) * 1_000) / (Math.max(...leased) - Math.min(...leased)) };
}

async function hold({ settings, fleet, watching, posted }: Stage) {
  const { holdMs } = settings;
  watching.say(`all of them wait, for ${holdMs / 1_000} s`);
  const before = await cpuByPart(fleet);
  await pause(holdMs, watching.signal);
  const after = await cpuByPart(fleet);
  const thousands = posted.length / 1_000;
  const heldCpus = eachOf((part) => (after[part] - before[part]) / (holdMs / 1_000) / thousands);
  return { heldCpus, heldBytes: await memoryByPart(fleet) };
}

/** Posts single tasks at an even pace, each followed from its post to its end. */
async function probe(at: Stage): Promise<Latencies> {
  const { probes, probesPerSecond } = at.settings;
  at.watching.say(`${probes} single tasks beside them, ${probesPerSecond} a second`);
  const follow = await follower(at);
  const followed: Promise<{ id: string; followed: Followed }>[] = [];
  for (let index = 0; index < probes; index += 1) {
    const one = post(at, 1, { kind: 'plain' }).then(([id = '']) => ({ id, followed: follow(id) }));
    followed.push(one);
    await pause(1_000 / probesPerSecond, at.watching.signal);
  }
  return latenciesOf(at, await Promise.all(followed));
}

async function fanOut(at: Stage): Promise<{ fanOut: number[]; fanOutCpu: number }> {
  const { watchers, speaks: events, speaksEveryMs: everyMs } = at.settings;
  at.watching.say(`${watchers} watchers of one task, which says ${events} events`);
  const follow = await follower(at);
  const [id = ''] = await post(at, 1, { kind: 'speaker', events, everyMs });
  const followed = Array.from({ length: watchers }, () => follow(id));
  await Promise.all(followed.map(({ open }) => open));
  const before = await cpuByPart(at.fleet);
  const streams = await Promise.all(followed.map(({ all }) => all));
  const after = await cpuByPart(at.fleet);
  const times = streams.flatMap((seen) =>
    seen.flatMap(({ event, atMs }) => (event.type === 'text' ? [atMs - Number(event.text)] : [])),
  );
  if (times.length !== watchers * events) throw new Error(`the watchers saw ${times.length} events`);
  await told(at);
  return { fanOut: times, fanOutCpu: (after.servers - before.servers) / times.length };
}

/** The rest is queued behind a full fleet, which then goes to work. */
async function crowd(at: Stage, count: number) {
  const { fleet, database, settings, watching } = at;
  const ended = await database.count('ended');
  watching.say(`${count} more tasks are queued; then ${at.posted.length - ended + count} do their work`);
  const ids = [...at.posted.slice(0, settings.running - settings.free)];
  ids.push(...(await post(at, count, { kind: 'plain' })));
  const follow = await follower(at);
  const every = Math.max(1, Math.floor(ids.length / settings.watchers));
  const watched = ids.filter((_, index) => index % every === 0).slice(0, settings.watchers);
  const followed = watched.map((id) => ({ id, followed: follow(id) }));
  await Promise.all(followed.map((one) => one.followed.open));
  await database.statements();
  const workBefore = await database.work();
  const before = await cpuByPart(fleet);
  const startedAt = performance.now();
  fleet.release();
  let peakBytes = await memoryByPart(fleet);
  const all = at.posted.length;
  await until(at, 'have ended', all, async () => {
    const now = await memoryByPart(fleet);
    peakBytes = eachOf((part) => Math.max(peakBytes[part], now[part]));
    return database.count('ended');
  });
  const seconds = (performance.now() - startedAt) / 1_000;
  const after = await cpuByPart(fleet);
  const workAfter = await database.work();
  await told(at);
  const each = (what: keyof Work) => (workAfter[what] - workBefore[what]) / ids.length;
  const cpuPerTask = eachOf((part) => (after[part] - before[part]) / ids.length);
  return {
    crowd: await latenciesOf(at, followed),
    cpuPerTask,
    workPerTask: {
      statements: each('statements'),
      transactions: each('transactions'),
      walBytes: each('walBytes'),
      bytes: each('bytes'),
    },
    tasksPerSecond: ids.length / seconds,
    peakBytes,
  };
}

async function latenciesOf(
  { database }: Stage,
  watched: readonly { id: string; followed: Followed }[],
): Promise<Latencies> {
  const seen = await Promise.all(watched.map(({ followed }) => followed.all));
  const times = new Map((await database.timesOf(watched.map(({ id }) => id))).map((one) => [one.id, one]));
  const each = watched.flatMap(({ id }, index) => {
    const known = times.get(id);
    return known ? [{ ...known, seenMs: endOf(seen[index] ?? [])?.atMs ?? Number.NaN }] : [];
  });
  return {
    leased: each.map(({ createdMs, leasedMs }) => leasedMs - createdMs),
    firstEvent: each.map(({ leasedMs, firstEventMs }) => firstEventMs - leasedMs),
    endSeen: each.map(({ endedMs, seenMs }) => seenMs - endedMs),
  };
}

async function verify(at: Stage): Promise<void> {
  const { started, failures } = await at.fleet.told();
  const wrongs = await at.database.wrongs(at.posted);
  const times = Map.groupBy(started, (id) => id);
  const twice = [...times.values()].filter(({ length }) => length > 1).length;
  const never = at.posted.filter((id) => !times.has(id)).length;
  if (twice > 0) wrongs.push(`${twice} tasks were started in two sandboxes`);
  if (never > 0) wrongs.push(`${never} tasks were started in none`);
  const [failure] = failures;
  if (failure !== undefined) wrongs.push(`${failures.length} guests failed, the first with: ${failure}`);
  if (wrongs.length > 0) throw new Error(`of ${at.posted.length} tasks: ${wrongs.join('; ')}`);
  at.watching.say(`all ${at.posted.length} tasks ended right, each once`);
}

/** Follows a task with one of so many keys, by turns over all servers. */
async function follower({ settings, callers }: Stage): Promise<(taskId: string) => Followed> {
  const most = Math.max(settings.watchers, settings.probes);
  const count = Math.ceil(most / WATCHERS_PER_KEY);
  const keys = await Promise.all(Array.from({ length: count }, (_, index) => callers.makeKey(`watcher ${index}`)));
  let next = 0;
  return (taskId) => {
    next += 1;
    return callers.follow(taskId, keys[next % count] ?? '', Math.floor(next / count));
  };
}

async function until(
  { watching, settings }: Stage,
  what: string,
  wanted: number,
  ask: () => Promise<number>,
): Promise<void> {
  let sayAt = performance.now() + 10_000;
  for (;;) {
    const now = await ask();
    if (now >= wanted) return;
    if (performance.now() > sayAt) {
      watching.say(`  ${now} of ${wanted} ${what}`);
      sayAt = performance.now() + 10_000;
    }
    await pause(Math.max(POLL_MS, settings.tasks / 50), watching.signal);
  }
}

async function told({ watching, database }: Stage): Promise<void> {
  const statements = await database.statements();
  if (!watching.statements) return;
  for (const { calls, totalMs, query } of statements)
    watching.say(`  ${totalMs.toFixed(0)} ms, ${calls} calls: ${query.replaceAll(/\s+/g, ' ').slice(0, 140)}`);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { signal });
}
