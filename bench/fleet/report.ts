// The table of the measurement and its line of JSON. Called by bench/fleet.ts.
import { median, percentile, round } from '../statistics.ts';
import { printTable } from '../table.ts';
import type { Work } from './database.ts';
import type { FleetFigures, FleetSettings, Latencies } from './measure.ts';
import { PARTS, sumOf } from './usage.ts';

/** Processor seconds that a task with its sandbox may take (docs/sandboxes.md). */
const TASK_CPU_S = 0.6;
const MIB = 1024 * 1024;

export function reportFleet(settings: FleetSettings, figures: FleetFigures): void {
  const { tasks, running, watchers, free } = settings;
  const { bareClaimsPerSecond, claimsPerSecond, cpuPerTask, heldCpus, heldBytes, peakBytes } = figures;
  const { fanOut, fanOutCpu, tasksPerSecond, workPerTask, single, crowd } = figures;
  const claimRatio = claimsPerSecond / bareClaimsPerSecond;
  const cpuRatio = sumOf(cpuPerTask) / TASK_CPU_S;
  const parts = (each: (part: (typeof PARTS)[number]) => string) =>
    PARTS.map((part) => `${part} ${each(part)}`).join(', ');
  printTable([
    [`${tasks} tasks, ${running} at once`, 'measured', 'ratio', 'promised'],
    ['tasks that ended wrong, twice or never', '0', '', '0'],
    ['a row taken from a table, a transaction each', `${round(bareClaimsPerSecond)} a second`],
    ['tasks leased', `${round(claimsPerSecond)} a second`, `${round(claimRatio, 3)} × that`, '≥ 0.05 ×'],
    [
      'processor time of the control plane, a task',
      `${round(1_000 * sumOf(cpuPerTask), 1)} ms`,
      `${round(cpuRatio, 3)} × ${TASK_CPU_S} s`,
      '≤ 0.15 ×',
    ],
    [`  of that: ${parts((part) => `${round(1_000 * cpuPerTask[part], 1)} ms`)}`],
    [`  of the database: ${databaseWork(workPerTask)}`],
    ['tasks ended', `${round(tasksPerSecond)} a second`],
    ['1,000 tasks that only run keep busy', `${round(sumOf(heldCpus), 3)} processors`, '', '≤ 0.1'],
    [`  of that: ${parts((part) => String(round(heldCpus[part], 3)))}`],
    ...rowsOf(`one task, ${running - free} running`, single),
    ...rowsOf(`all of them`, crowd),
    [`event to each of ${watchers} watchers of a task: p50`, ms(median(fanOut))],
    [
      `event to each of ${watchers} watchers of a task: p99`,
      ms(percentile(fanOut, 99)),
      `${round(percentile(fanOut, 99) / median(fanOut), 1)} × p50`,
    ],
    ['servers, for each event and watcher', `${round(1e6 * fanOutCpu)} µs`],
    [`memory, ${running - free} running: ${parts((part) => mib(heldBytes[part]))}`],
    [`memory, at the most: ${parts((part) => mib(peakBytes[part]))}`],
  ]);
  const measured = {
    claimsPerSecond,
    claimRatio,
    tasksPerSecond,
    cpuMsPerTask: 1_000 * sumOf(cpuPerTask),
    statementsPerTask: workPerTask.statements,
    transactionsPerTask: workPerTask.transactions,
    walBytesPerTask: workPerTask.walBytes,
    heldCpusPerThousand: sumOf(heldCpus),
    leasedMsP50: median(single.leased),
    leasedMsP99: percentile(single.leased, 99),
    endSeenMsP50: median(single.endSeen),
    endSeenMsP99: percentile(single.endSeen, 99),
    fanOutMsP50: median(fanOut),
    fanOutMsP99: percentile(fanOut, 99),
    fanOutCpuUs: 1e6 * fanOutCpu,
  };
  const rounded = Object.entries(measured).map(([name, value]) => [name, round(value, 3)]);
  process.stdout.write(`${JSON.stringify(Object.fromEntries(rounded))}\n`);
}

function rowsOf(which: string, { leased, firstEvent, endSeen }: Latencies): string[][] {
  return [
    [`${which}: post → leased, p50 and p99`, both(leased)],
    [`${which}: leased → first event, p50 and p99`, both(firstEvent)],
    [`${which}: end → seen by its caller, p50 and p99`, both(endSeen)],
  ];
}

function databaseWork({ statements, transactions, walBytes, bytes }: Work): string {
  const kib = (value: number) => `${round(value / 1024)} KiB`;
  return `${round(statements)} statements, ${round(transactions)} transactions, WAL ${kib(walBytes)}, grown by ${kib(bytes)}`;
}

const ms = (value: number) => `${round(value)} ms`;
const mib = (bytes: number) => `${Math.round(bytes / MIB)} MiB`;
const both = (values: number[]) => `${ms(median(values))} and ${ms(percentile(values, 99))}`;
