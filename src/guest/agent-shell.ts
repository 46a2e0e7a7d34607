// Runs one shell command of the agent for Pi's bash tool, and reports its output as events. While the receiver is
// full the command's pipes are not read, so a command cannot outrun its reader. Used by agent-tools.ts.
import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { StringDecoder } from 'node:string_decoder';
import type { BashOperations } from '@earendil-works/pi-coding-agent';
import { awakeTimeout } from '../lib/awake-timeout.ts';
import type { AgentProcesses } from './agent-processes.ts';
import type { EventQueue } from './event-queue.ts';

/** What one command may print; Pi keeps all of it in a file, and the sandbox's disk is small. */
const COMMAND_OUTPUT_BYTES = 16 * 1024 * 1024;
/** How long a pipe may be silent, once the shell has exited, before a background process is left alone with it. */
const SILENCE_MS = 100;

interface OutputReceiver {
  write(chunk: Buffer): void;
  /** Resolves when more may be written; null when it may now. */
  room(): Promise<void> | null;
}

/** Pi's shell operations, running as the agent's user. Errors are worded as Pi's bash tool expects them. */
export function createAgentShell(processes: AgentProcesses, receiver: OutputReceiver): BashOperations {
  return {
    async exec(command, cwd, { onData, signal, timeout }) {
      if (signal?.aborted) throw new Error('aborted');
      const child = processes.spawn('/bin/bash', ['-c', command], { cwd, stdin: 'ignore' });
      let timedOut = false;
      const kill = () => processes.killGroup(child);
      const onTimeout = () => {
        timedOut = true;
        kill();
      };
      const withdraw = timeout === undefined ? () => undefined : awakeTimeout(timeout * 1000, onTimeout);
      signal?.addEventListener('abort', kill, { once: true });
      try {
        const exitCode = await readToEnd(child, bounded(onData, receiver), receiver);
        if (signal?.aborted) throw new Error('aborted');
        if (timedOut) throw new Error(`timeout:${timeout}`);
        return { exitCode };
      } finally {
        withdraw();
        signal?.removeEventListener('abort', kill);
      }
    },
  };
}

/** Passes output on until the limit, then a note, then nothing. */
function bounded(onData: (chunk: Buffer) => void, receiver: OutputReceiver): (chunk: Buffer) => void {
  let left = COMMAND_OUTPUT_BYTES;
  const pass = (chunk: Buffer) => {
    onData(chunk);
    receiver.write(chunk);
  };
  return (chunk) => {
    if (left === 0) return;
    const taken = chunk.subarray(0, left);
    left -= taken.length;
    pass(taken);
    if (left === 0) pass(Buffer.from(`\n… output after ${COMMAND_OUTPUT_BYTES} bytes dropped …\n`));
  };
}

/** Reads both pipes until the command is over. A signal counts as 128 + its number, as in a shell. */
function readToEnd(child: ChildProcess, take: (chunk: Buffer) => void, receiver: OutputReceiver): Promise<number> {
  return new Promise((resolve, reject) => {
    const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
    let exitCode: number | null = null;
    let silence: NodeJS.Timeout | undefined;
    let paused = 0;

    const finish = () => {
      clearTimeout(silence);
      for (const stream of streams) stream.destroy();
      resolve(exitCode ?? 1);
    };
    const waitForSilence = () => {
      clearTimeout(silence);
      if (exitCode !== null && paused === 0) silence = setTimeout(finish, SILENCE_MS);
    };
    for (const stream of streams) {
      stream.on('data', (chunk: Buffer) => {
        take(chunk);
        waitForSilence();
        const room = receiver.room();
        if (room === null) return;
        paused++;
        stream.pause();
        void room.then(() => {
          paused--;
          stream.resume();
          waitForSilence();
        });
      });
    }
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
      waitForSilence();
    });
    child.once('close', finish);
  });
}

/** What the transcript keeps of one call; the agent itself sees the end of the output, whatever its length. */
const CALL_OUTPUT_BYTES = 1024 * 1024;

export function createToolOutput(callId: string, events: EventQueue): OutputReceiver {
  const decoder = new StringDecoder('utf8');
  let left = CALL_OUTPUT_BYTES;
  return {
    write(chunk) {
      if (left === 0) return;
      const taken = chunk.subarray(0, left);
      left -= taken.length;
      const note = left === 0 ? `\n… more than ${CALL_OUTPUT_BYTES} bytes: the rest was cut\n` : '';
      for (let start = 0; start < taken.length; start += PIECE_BYTES) {
        push(decoder.write(taken.subarray(start, start + PIECE_BYTES)));
      }
      push(note);
    },
    room: () => events.room(),
  };

  function push(text: string): void {
    if (text !== '') events.push({ type: 'tool_output', callId, chunk: text });
  }
}

/** Even if every character needs six bytes of JSON, a piece fits into an event. */
const PIECE_BYTES = 8 * 1024;
