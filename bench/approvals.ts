// npm run bench -- approvals: what a thousand approvals that wait at once cost a server, each of a task of its own
// with a poll that is held; how fast a decision reaches whoever waits; and, of one real sandbox, that it costs no
// processor time meanwhile and how fast it goes on. --count, --decisions and --rounds change how many.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { pretendRunner } from './approvals/pretend-runner.ts';
import { cpuSecondsOf, residentBytes, startApprovalsServer } from './approvals/processes.ts';
import { measureSandbox } from './approvals/sandbox.ts';
import { printTable } from './table.ts';

const HELD_MS = 10_000;
/** Tasks that wait before the memory is first looked at, so that what a server learns once is not counted. */
const WARM = 50;
const MIB = 1024 * 1024;

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000' },
    decisions: { type: 'string', default: '50' },
    rounds: { type: 'string', default: '5' },
    'no-sandbox': { type: 'boolean', default: false },
  },
});
const [count, decisions, rounds] = [Number(values.count), Number(values.decisions), Number(values.rounds)];

const middle = (all: readonly number[]) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN;
const ms = (value: number) => `${value.toFixed(0)} ms`;

await using server = await startApprovalsServer();
const rows = [['what', 'is', 'must be']];
{
  await using runner = await pretendRunner(server, count);
  await runner.ask(WARM);
  const before = await residentBytes(server.pid);
  await runner.ask(count - WARM);
  const cpuBefore = await cpuSecondsOf(server.pid);
  await sleep(HELD_MS);
  const cpu = ((await cpuSecondsOf(server.pid)) - cpuBefore) / (HELD_MS / 1000);
  const bytes = ((await residentBytes(server.pid)) - before) / (count - WARM);
  rows.push([`memory of the server for each of ${count} that wait`, `${(bytes / MIB).toFixed(3)} MiB`, '< 1 MB']);
  rows.push(['processor time of the server a second meanwhile', `${(cpu * 1000).toFixed(0)} ms`, '']);
  const took = await runner.decide(decisions);
  rows.push([`from a decision to the poll that waits, half of ${took.length}`, ms(middle(took)), '']);
  rows.push(['the slowest of them', ms(Math.max(...took)), '< 1000 ms']);
}
if (!values['no-sandbox']) {
  const { sleepingCpuSeconds, watchedSeconds, wakeMs } = await measureSandbox(server, rounds);
  const cpu = `${sleepingCpuSeconds.toFixed(2)} s in ${watchedSeconds} s`;
  rows.push(['processor time of a sandbox that waits', cpu, '0 s']);
  rows.push([`from a decision to the output in the sandbox, half of ${rounds}`, ms(middle(wakeMs)), '']);
  rows.push(['the slowest of them', ms(Math.max(...wakeMs)), '< 1000 ms']);
}
printTable(rows);
