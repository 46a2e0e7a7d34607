// The program inside the sandbox. Before the freeze it loads Pi and rehearses; after the restore it runs one task.
import { closeSync, openSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { StartLine } from '../protocol/guest.ts';
import { READY_LINE, WORKING_LINE } from '../protocol/guest-wire.ts';
import { LIMITS } from '../protocol/limits.ts';
import { AgentProcesses } from './agent-processes.ts';
import { CliHost, type CliPrograms } from './cli-host.ts';
import { guestSettings } from './guest-settings.ts';
import { becomeSomebody, reseed } from './identity.ts';
import { drawFromKernel } from './kernel-randomness.ts';
import { leaveLastWords } from './last-words.ts';
import { loadPi } from './pi.ts';
import { prepareFolders } from './prepare.ts';
import { openProxy } from './proxy.ts';
import { type Connection, onSocket, overStdio, type Reach } from './reach.ts';
import { rehearse } from './rehearsal.ts';
import { runTask } from './run-task.ts';
import { readQuestion, readStartLine } from './start-line.ts';

/** Filled in by bundle.ts. */
declare const SEED_CLI_PROGRAMS: CliPrograms;

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
/** Where the guest leaves its last words; null where its output is heard. */
let terminationLog: string | null = null;

function end(exitCode: number, message?: string): never {
  for (const started of processes) started.killAll();
  if (terminationLog !== null) leaveLastWords(terminationLog, message);
  else if (message !== undefined) process.stderr.write(`${message}\n`);
  process.exit(exitCode);
}

/** What a guest that is reached by a socket says on its output would land in somebody's log. */
function silence(): void {
  for (const descriptor of [1, 2]) {
    closeSync(descriptor);
    // The lowest that is free: the one just closed.
    openSync('/dev/null', 'w');
  }
}

/** The first task, with the connection over which it came; null when nobody will come any more. */
async function firstTask(
  reach: Reach,
  onQuestion: (connection: Connection) => Promise<void>,
): Promise<Begun | null> {
  for (;;) {
    const connection = await reach.next();
    if (connection === null) return null;
    try {
      const start = await readStartLine(connection.input, () => onQuestion(connection));
      if (start !== null) return { connection, start };
    } catch (error) {
      if (!reach.isLasting) throw error;
    }
    connection.drop();
  }
}

interface Begun {
  connection: Connection;
  start: StartLine;
}

/** The next stream to work over, once the runner asks on one; null when none has come for too long. */
async function nextStream(reach: Reach): Promise<Duplex | null> {
  const until = performance.now() + LIMITS.guest.aloneMs;
  for (;;) {
    const leftMs = until - performance.now();
    const connection = leftMs > 0 ? await reach.next(leftMs) : null;
    if (connection === null) return null;
    if (await readQuestion(connection.input).catch(() => false)) {
      connection.output.write(WORKING_LINE);
      return connection.rest();
    }
    connection.drop();
  }
}

async function main(): Promise<void> {
  drawFromKernel();
  const settings = guestSettings(process.argv[2]);
  if (settings.listen !== null) {
    silence();
    terminationLog = settings.terminationLog;
  }
  // Touches all that a task will need: the pages of a restored sandbox are mapped when they are first used.
  const answerReady = async ({ output }: Pick<Connection, 'output'>) => {
    await rehearse(parts, { withCommand: false });
    output.write(READY_LINE);
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
  for (let count = 0; count < settings.rehearsals; count += 1) await rehearse(parts);
  collectGarbage();
  const reach = settings.listen === null ? overStdio() : await onSocket(settings.listen);
  if (!reach.isLasting) process.stdout.write(READY_LINE);

  const begun = await firstTask(reach, answerReady);
  if (begun === null) end(0);
  const { connection, start } = begun;
  const broken = () => end(1, 'the stream ended before the task did');
  if (!reach.isLasting) connection.input.once('end', broken).once('close', broken);
  const stream = connection.rest();
  reseed(start);
  const identity = () => becomeSomebody(start, settings.runDir);
  const onProcesses = (started: AgentProcesses) => void processes.push(started);
  const again = () => nextStream(reach);
  const { link, tell } = await runTask({ ...parts, stream, again, start, identity, onProcesses });
  // Its runner kills it once the result is safe; another one may come first.
  if (reach.isLasting) await link.overEachNext(tell);
  connection.input.off('end', broken).off('close', broken);
  await link.close();
  end(0);
}

// A link that breaks for good shows up wherever something waited for it; in every such place the task is over.
process.on('uncaughtException', (error) => end(1, error.stack));
await main();
