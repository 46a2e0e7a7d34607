// One call within a process that runs the CLI: makes the process what a new one would be, and undoes it later.
// Used by cli-program.ts.
import { Console } from 'node:console';
import { replaceEnvironment } from '../lib/env.ts';
import type { CallRequest } from './cli-frames.ts';
import { CallInput, CallOutput, type Hold, type Send } from './cli-streams.ts';

export interface CallStreams {
  stdin: CallInput;
  stdout: CallOutput;
  stderr: CallOutput;
}

/** @throws Error when the folder cannot be entered; nothing is changed then */
export function becomeCall(call: CallRequest, program: string, io: { send: Send; hold: Hold }): CallStreams {
  process.chdir(call.cwd);
  process.umask(call.umask);
  process.argv = [process.execPath, program, ...call.args];
  process.exitCode = undefined;
  replaceEnvironment(call.env);
  const [input, output, errors] = [0, 1, 2].map((fd) => call.terminals[fd] ?? { isTerminal: false, columns: 0 });
  const none = { isTerminal: false, columns: 0 };
  const streams = {
    stdin: new CallInput(input ?? none, io.send, io.hold),
    stdout: new CallOutput(1, output ?? none, io.send),
    stderr: new CallOutput(2, errors ?? none, io.send),
  };
  for (const [name, value] of Object.entries(streams))
    Object.defineProperty(process, name, { value, configurable: true });
  globalThis.console = new Console(streams.stdout, streams.stderr);
  return streams;
}

type Listener = (...args: unknown[]) => void;

/** What listens to the process now. Returns how to remove what has been added since. */
export function rememberListeners(): () => void {
  const before = new Map(process.eventNames().map((name) => [name, new Set(process.rawListeners(name))]));
  return () => {
    for (const name of process.eventNames())
      for (const listener of process.rawListeners(name))
        if (!before.get(name)?.has(listener)) process.removeListener(name, listener as Listener);
  };
}
