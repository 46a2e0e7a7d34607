// The program that holds the CLI ready and runs its calls, one after the other, as a process of the agent's own
// user: started by cli-host.ts, before the freeze, and told by frames on descriptors 3 (in) and 4 (out).
import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { CLI_ENTRY, type CliEntry } from '../protocol/cli-entry.ts';
import { becomeCall, type CallStreams, rememberListeners } from './cli-call.ts';
import { CALL_BYTES, encodeFrame, type Frame, frameReader, parseCall } from './cli-frames.ts';
import { drawFromKernel, forgetDrawn } from './kernel-randomness.ts';

const IN = 3;
const OUT = 4;
const EXIT_UNSETTLED = 13;
/** One that has become larger is not kept; looked at now and then. */
const LARGEST_BYTES = 192 * 1024 * 1024;
const CALLS_BETWEEN_LOOKS = 16;

interface Call {
  streams: CallStreams;
  forgetListeners: () => void;
  isSettled: boolean;
}

// What the CLI needs of Node, loaded before the freeze.
for (const name of ['http', 'stream', 'crypto', 'util', 'path', 'url']) process.getBuiltinModule(`node:${name}`);
drawFromKernel();
const input = new Socket({ fd: IN, readable: true, writable: false });

let cli: { path: string; entry: CliEntry | null } | null = null;
let loading: Promise<void> = Promise.resolve();
let call: Call | null = null;
let calls = 0;

function send(type: string, body?: Uint8Array): void {
  const frame = encodeFrame(type, body);
  for (let sent = 0; sent < frame.length; ) sent += writeSync(OUT, frame, sent);
}

const hold = (held: boolean) => void (held ? input.ref() : input.unref());

async function load(path: string, count: number): Promise<void> {
  // Before anything of the CLI's runs: all sandboxes of a snapshot wake up with the same memory.
  forgetDrawn();
  cli = { path, entry: null };
  let entry: CliEntry | null = null;
  Reflect.set(globalThis, Symbol.for(CLI_ENTRY), (given: CliEntry) => {
    entry = given;
  });
  await import(`file://${encodeURI(path)}?${count}`);
  cli = { path, entry };
}

async function begin(body: Buffer): Promise<void> {
  await loading;
  const request = parseCall(body);
  const entry = cli?.entry;
  if (!entry) return send('N');
  const forgetListeners = rememberListeners();
  let begun: Call | null = null;
  // What is left of an earlier call has no say.
  const holdIfCurrent = (held: boolean) => void (begun !== null && begun === call && hold(held));
  let streams: CallStreams;
  try {
    streams = becomeCall(request, cli?.path ?? '', { send, hold: holdIfCurrent });
  } catch {
    return send('N');
  }
  begun = { streams, forgetListeners, isSettled: false };
  call = begun;
  send('B');
  // From here on the process ends by itself when nothing is left to do, as any; then the call is over.
  hold(false);
  await entry();
  begun.isSettled = true;
}

/** Called where a process of its own would end. */
function finish({ forgetListeners, isSettled }: Call): void {
  call = null;
  const code = Number(process.exitCode ?? (isSettled ? 0 : EXIT_UNSETTLED));
  process.exitCode = undefined;
  forgetListeners();
  hold(true);
  process.chdir('/');
  send('X', Buffer.from([code & 0xff]));
  calls += 1;
  if (calls % CALLS_BETWEEN_LOOKS === 0 && process.memoryUsage.rss() > LARGEST_BYTES) process.exit(0);
}

process.on('beforeExit', () => {
  if (call) finish(call);
  else hold(true);
});

let loaded = 0;
const HANDLERS: Record<string, (body: Buffer) => void> = {
  L: (body) => {
    loaded += 1;
    // One that cannot be loaded is run by Node, and says so there.
    loading = load(body.toString('utf8'), loaded).catch(() => undefined);
  },
  A: (body) => void begin(body),
  I: (body) => call?.streams.stdin.receive(body),
  C: ([number = 0, errno = 0]) => call?.streams[number === 1 ? 'stdout' : 'stderr'].breakOff(errno),
};
input.on(
  'data',
  frameReader(CALL_BYTES, ({ type, body }: Frame) => HANDLERS[type]?.(body)),
);
// The guest has ended.
input.once('close', () => process.exit(0));
send('Y');
