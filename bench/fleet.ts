// npm run bench -- fleet: many tasks at once on one Postgres, several servers and several runners, whose driver only
// pretends sandboxes: what the control plane takes for a task, how fast tasks are claimed, how long callers wait,
// and what five hundred watchers cost. --quick takes a small machine less than a minute; docs/scale.md tells more.
import { parseArgs } from 'node:util';
import { type FleetFigures, type FleetSettings, measureFleet } from './fleet/measure.ts';
import { reportFleet } from './fleet/report.ts';

const FULL: FleetSettings = {
  tasks: 10_000,
  running: 2_000,
  servers: 3,
  runners: 4,
  lifeMs: 30_000,
  watchers: 500,
  free: 100,
  probes: 200,
  probesPerSecond: 5,
  holdMs: 20_000,
  speaks: 50,
  speaksEveryMs: 200,
};
const QUICK: FleetSettings = {
  tasks: 150,
  running: 40,
  servers: 2,
  runners: 2,
  lifeMs: 0,
  watchers: 20,
  free: 10,
  probes: 20,
  probesPerSecond: 20,
  holdMs: 1_000,
  speaks: 5,
  speaksEveryMs: 100,
};

const NUMBERS = Object.keys(FULL) as (keyof FleetSettings)[];
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    statements: { type: 'boolean' },
    ...Object.fromEntries(NUMBERS.map((name) => [name, { type: 'string' as const }])),
  },
});
const settings: FleetSettings = { ...(values.quick ? QUICK : FULL) };
for (const name of NUMBERS) {
  const text = (values as Record<string, unknown>)[name];
  if (text !== undefined) settings[name] = Number(text);
}

const stopping = new AbortController();
// All that was started ends with the measurement, which ends at once; a second signal does not wait for that.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    if (stopping.signal.aborted) process.exit(130);
    say('ending what was started');
    stopping.abort();
  });

let failure: unknown = null;
// What fails beside the measurement ends it, too, with all that was started.
process.on('unhandledRejection', (error) => {
  if (!stopping.signal.aborted) failure = error;
  stopping.abort();
});

const figures = await measure();
if (failure !== null) throw failure;
if (figures === null) process.exitCode = 130;
else reportFleet(settings, figures);

async function measure(): Promise<FleetFigures | null> {
  try {
    return await measureFleet(settings, { say, statements: values.statements === true, signal: stopping.signal });
  } catch (error) {
    if (stopping.signal.aborted) return null;
    throw error;
  }
}

/** Progress, beside the table and the line of JSON on stdout. */
function say(message: string): void {
  process.stderr.write(`· ${message}\n`);
}
