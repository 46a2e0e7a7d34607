// The program inside the sandbox. Before the freeze it loads Pi and rehearses; after the restore it runs one task.
import { Duplex } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { READY_LINE } from '../protocol/guest-wire.ts';
import { AgentProcesses } from './agent-processes.ts';
import { CliHost, type CliPrograms } from './cli-host.ts';
import { guestSettings } from './guest-settings.ts';
import { becomeSomebody, reseed } from './identity.ts';
import { drawFromKernel } from './kernel-randomness.ts';
import { loadPi } from './pi.ts';
import { prepareFolders } from './prepare.ts';
import { openProxy } from './proxy.ts';
import { rehearse } from './rehearsal.ts';
import { runTask } from './run-task.ts';
import { readStartLine } from './start-line.ts';

/** Filled in by bundle.ts. */
declare const SEED_CLI_PROGRAMS: CliPrograms;

const REHEARSALS = 12;

/** What the rehearsals left behind would be read back at every restore: all of it goes, and its memory. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as (options: object) => void)({
    type: 'major',
    execution: 'sync',
    flavor: 'last-resort',
  });
}

/** What must end with the guest. */
const processes: AgentProcesses[] = [];

function end(exitCode: number, message?: string): never {
  for (const started of processes) started.killAll();
  if (message !== undefined) process.stderr.write(`${message}\n`);
  process.exit(exitCode);
}

async function main(): Promise<void> {
  drawFromKernel();
  const settings = guestSettings(process.argv[2]);
  // Touches all that a task will need: the pages of a restored sandbox are mapped when they are first used.
  const answerReady = async () => {
    await rehearse(parts, { withCommand: false });
    process.stdout.write(READY_LINE);
  };
  await prepareFolders(settings);
  const openCli = async () => {
    const proxy = await openProxy(settings.port);
    const ofCli = new AgentProcesses(settings, proxy.url);
    processes.push(ofCli);
    const cliHost = new CliHost(settings, ofCli, SEED_CLI_PROGRAMS);
    await cliHost.start();
    return { proxy, cliHost };
  };
  const [pi, { proxy, cliHost }] = await Promise.all([loadPi(), openCli()]);
  const parts = { pi, settings, proxy, cliHost };
  // The first compiles, the others teach the compiler what matters.
  for (let count = 0; count < REHEARSALS; count += 1) await rehearse(parts);
  collectGarbage();
  process.stdout.write(READY_LINE);

  const start = await readStartLine(process.stdin, answerReady);
  if (start === null) end(0);
  const broken = () => end(1, 'the stream ended before the task did');
  process.stdin.once('end', broken).once('close', broken);
  const stream = Duplex.from({ readable: process.stdin, writable: process.stdout });
  reseed(start);
  const identity = () => becomeSomebody(start, settings.runDir);
  const onProcesses = (started: AgentProcesses) => void processes.push(started);
  const link = await runTask({ ...parts, stream, start, identity, onProcesses });
  process.stdin.off('end', broken).off('close', broken);
  await link.close();
  end(0);
}

// A link that breaks shows up wherever something waited for it; in every such place the task is over.
process.on('uncaughtException', (error) => end(1, error.stack));
await main();
