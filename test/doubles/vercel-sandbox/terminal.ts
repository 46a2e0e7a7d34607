// A session's terminal over WebSocket: the first message starts a program, binary ones pass both ways, the last
// one tells how it ended. Used by double.ts.
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Program } from './machine.ts';
import type { SessionRecord } from './records.ts';

interface Start {
  type: 'start';
  command: string;
  args?: string[];
  env?: string[];
  cwd?: string;
}

/** @param cutAfterMs as whatever is between cuts what lasts long */
export function serveTerminal(socket: WebSocket, wire: Duplex, session: SessionRecord, cutAfterMs: number): void {
  let program: Program | null = null;
  session.terminals.add(wire);
  const cut = setTimeout(() => wire.destroy(), cutAfterMs);
  socket.on('message', (message: Buffer, isBinary) => {
    if (isBinary) {
      // What comes too fast waits in the socket.
      if (program?.input.write(message) === false) {
        socket.pause();
        program.input.once('drain', () => socket.resume());
      }
      return;
    }
    const said = JSON.parse(message.toString()) as Start | { type: string };
    if (said.type === 'start' && program === null) program = start(socket, session, said as Start);
  });
  socket
    .on('error', () => undefined)
    .once('close', () => {
      clearTimeout(cut);
      session.terminals.delete(wire);
      program?.close();
    });
}

function start(
  socket: WebSocket,
  session: SessionRecord,
  { command, args = [], env = [], cwd }: Start,
): Program | null {
  const { argv, user } = withoutSudo([command, ...args]);
  const program = session.machine?.run({
    ...{ argv, user, tty: true, env: Object.fromEntries(env.map(pair)) },
    ...(cwd !== undefined && { cwd }),
  });
  if (!program) return null;
  program.output.on('data', (chunk: Buffer) => {
    if (socket.readyState !== socket.OPEN) return;
    program.output.pause();
    socket.send(chunk, { binary: true }, () => program.output.resume());
  });
  const said = new Promise((resolve) => program.output.once('close', resolve).once('end', resolve));
  void program.code
    .then(async (code) => {
      await said;
      socket.send(JSON.stringify({ type: 'exit', code }));
      socket.close(1000);
    })
    .catch(() => socket.terminate());
  return program;
}

const pair = (text: string): [string, string] => {
  const at = text.indexOf('=');
  return [text.slice(0, at), text.slice(at + 1)];
};

/** The machines have no sudo: what begins with it is run as root, its options left out. */
export function withoutSudo(argv: readonly string[], sudo = false) {
  const isSudo = argv[0] === 'sudo';
  const rest = isSudo ? argv.slice(1) : argv;
  const end = rest.indexOf('--');
  const user: 'root' | 'vercel-sandbox' = isSudo || sudo ? 'root' : 'vercel-sandbox';
  return { argv: isSudo && end >= 0 ? rest.slice(end + 1) : rest, user };
}
