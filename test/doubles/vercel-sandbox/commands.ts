// Programs that are run in a session, with what they say as lines of JSON. Used by the routes.
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { type CommandRecord, commandOut, type SessionRecord } from './records.ts';
import { withoutSudo } from './terminal.ts';

export interface CommandBody {
  command: string;
  args?: string[];
  cwd?: string;
  env?: Record<string, string>;
  sudo?: boolean;
  wait?: boolean;
  logs?: boolean;
  timeout?: number;
}

const CWD = '/vercel/sandbox';
const SIGKILL = 9;
/** Of what one has said so much is kept. */
const LOG_LINES = 10_000;

export function startCommand(session: SessionRecord, body: CommandBody): CommandRecord {
  const { machine, sandbox, commands } = session;
  if (machine === null) throw new Error('there is no machine');
  const { command: name, args = [], cwd = CWD } = body;
  const { argv, user } = withoutSudo([name, ...args], body.sudo);
  const program = machine.run({ argv, user, cwd, env: { ...sandbox.env, ...body.env } });
  const record: CommandRecord = {
    ...{ id: `cmd_${randomUUID().replaceAll('-', '')}`, name, args, cwd, sessionId: session.id },
    ...{ startedAt: Date.now(), exitCode: null, endedAt: null, program, log: [] },
    changed: Promise.withResolvers(),
  };
  commands.set(record.id, record);
  const change = () => {
    record.changed.resolve();
    record.changed = Promise.withResolvers();
  };
  const listen = (stream: 'stdout' | 'stderr', output: typeof program.output) => {
    // Its bytes become text, as Vercel's do.
    output.setEncoding('utf8').on('data', (data: string) => {
      if (record.log.length < LOG_LINES) record.log.push({ stream, data });
      change();
    });
    return new Promise((resolve) => output.once('end', resolve).once('close', resolve));
  };
  const said = Promise.all([listen('stdout', program.output), listen('stderr', program.errors)]);
  const late =
    body.timeout === undefined ? undefined : setTimeout(() => program.kill(SIGKILL), body.timeout).unref();
  void program.code
    .then(async (code) => {
      await said;
      record.exitCode = code;
      record.endedAt = Date.now();
    })
    .catch(() => undefined)
    .finally(() => {
      clearTimeout(late);
      change();
    });
  return record;
}

export interface Follow {
  /** Whether what it says is told as well. */
  logs: boolean;
  /** Whether the command is told, at first and at its end. */
  command: boolean;
  /** After which the answer is cut, whatever it says. */
  cutAfterMs: number;
}

/** Lines of JSON until it has ended, or its session has. */
export async function follow(
  response: ServerResponse,
  session: SessionRecord,
  record: CommandRecord,
  { logs, command, cutAfterMs }: Follow,
): Promise<void> {
  const cut = setTimeout(() => response.destroy(), cutAfterMs);
  response.once('close', () => clearTimeout(cut));
  const say = (line: object) => response.write(`${JSON.stringify(line)}\n`);
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  if (command) say({ command: commandOut({ ...record, exitCode: null, endedAt: null }) });
  let told = 0;
  while (!response.destroyed) {
    const { promise } = record.changed;
    for (; logs && told < record.log.length; told += 1) say(record.log[told] ?? {});
    if (record.exitCode !== null) {
      if (command) say({ command: commandOut(record) });
      break;
    }
    if (session.stoppedAt !== undefined) {
      say({ stream: 'error', data: { code: 'sandbox_stopped', message: 'Sandbox is stopped' } });
      break;
    }
    await promise;
  }
  response.end();
}
