// seed approvals watch: follows what waits for a person. On a terminal each is shown with its exact input and
// decided by a key press; elsewhere every change is a line of JSON. Used by local-commands.ts.
import { parseExactly } from '../lib/exact-json.ts';
import { exactLines } from '../lib/exact-text.ts';
import { escapeJson } from '../lib/json.ts';
import type { Approval } from '../protocol/approval.ts';
import { SeedError } from '../protocol/errors.ts';
import type { Manifest, ManifestCommand } from '../protocol/manifest.ts';
import { type Api, createApi } from './api.ts';
import { relativeTime } from './cell.ts';
import { EXIT, type Io, isSeedError } from './io.ts';
import { type LocalCommand, textIn } from './local-command.ts';
import { cachedManifest } from './manifest-source.ts';
import { loadProfile } from './profile.ts';
import { padEnd, sanitiseLine, styleFor } from './terminal.ts';

const LOOK_AGAIN_MS = 2_000;
const PAGE = 100;
/** More are not read at once: the oldest are decided on first. */
const PAGES_MOST = 50;
/** So many times in a row the server may not answer: five minutes. */
const FAILURES_MOST = 150;

export const approvalsWatch: LocalCommand = {
  name: 'approvals watch',
  alsoOnServer: true,
  summary:
    'Follow what waits for a person; decide by a key press on a terminal, elsewhere print each change as JSON',
  usage: 'seed approvals watch [--task <id>]',
  flags: [{ name: '--task <id>', summary: 'Only what the agent of this task asks' }],
  examples: ['seed approvals watch', 'seed approvals watch --json | jq .summary'],
  async run(io, flags, values) {
    const profile = loadProfile(io, flags.url);
    const api = createApi(io, profile);
    const manifest = await cachedManifest(io, api, profile, flags).load();
    const interruption = new AbortController();
    const withdraw = io.onInterrupt(() => interruption.abort());
    const watch = openWatch({ io, api, manifest, task: textIn(values, 'task') }, interruption.signal);
    try {
      const decides = !flags.json && io.stdin.isTerminal && io.stdout.isTerminal;
      if (!decides) await tellChanges(watch);
      else if (await decideEach(watch)) return EXIT.ok;
      return EXIT.interrupted;
    } catch (error) {
      if (!interruption.signal.aborted) throw error;
      return EXIT.interrupted;
    } finally {
      withdraw();
    }
  },
};

interface Watch {
  io: Io;
  signal: AbortSignal;
  /** Those that wait, the oldest first. Goes on over what passes, such as a server that restarts. */
  pending(): Promise<Approval[]>;
  one(id: string): Promise<Approval>;
  decide(id: string, decision: 'approve' | 'deny', message: string): Promise<Approval>;
  /** Until the time is over, or one of the signals. */
  pause(also?: AbortSignal): Promise<void>;
}

interface WatchNeeds {
  io: Io;
  api: Api;
  manifest: Manifest;
  task: string | undefined;
}

function openWatch({ io, api, manifest, task }: WatchNeeds, signal: AbortSignal): Watch {
  const commandOf = (name: string): ManifestCommand => {
    const command = manifest.commands.find((candidate) => candidate.name === name);
    if (command) return command;
    throw new SeedError('missing_scope', 'seed approvals watch needs a key with the scope approvals:write');
  };
  const list = commandOf('approvals list');
  const ask = async (name: string, input: Record<string, unknown>) => {
    const answer = parseExactly(await api.call(commandOf(name), input)) as { approval: Approval };
    return answer.approval;
  };
  const read = async () => {
    const found: Approval[] = [];
    let cursor: string | null = null;
    for (let page = 0; page < PAGES_MOST && (page === 0 || cursor !== null); page++) {
      const input = { state: 'pending', limit: PAGE, ...(task && { task }), ...(cursor && { cursor }) };
      const answer = parseExactly(await api.call(list, input)) as { items: Approval[]; nextCursor: string | null };
      found.push(...answer.items);
      cursor = answer.nextCursor;
    }
    return found.reverse();
  };
  const pause = (also?: AbortSignal) =>
    new Promise<void>((resolve) => {
      const signals = also ? [signal, also] : [signal];
      const done = () => {
        for (const one of signals) one.removeEventListener('abort', done);
        resolve();
      };
      if (signals.some(({ aborted }) => aborted)) return resolve();
      for (const one of signals) one.addEventListener('abort', done);
      void io.wait(LOOK_AGAIN_MS).then(done);
    });
  return {
    io,
    signal,
    async pending() {
      for (let failures = 0; ; failures++) {
        try {
          return await read();
        } catch (error) {
          if (!isPassing(error) || failures >= FAILURES_MOST || signal.aborted) throw error;
          if (failures === 0) io.stderr.write('seed: the server does not answer; trying again\n');
          await pause();
        }
      }
    },
    one: (id) => ask('approvals get', { id }),
    decide: (id, decision, message) => ask(`approvals ${decision}`, { id, ...(message && { message }) }),
    pause,
  };
}

const isPassing = (error: unknown) =>
  isSeedError(error) && ['unreachable', 'unavailable', 'rate_limited', 'too_many_requests'].includes(error.code);

/** A line for each that waits, and another when it waits no more. */
async function tellChanges({ io, signal, pending, one, pause }: Watch): Promise<void> {
  const waiting = new Set<string>();
  const tell = (approval: Approval) => io.stdout.write(`${escapeJson(JSON.stringify(approval))}\n`);
  while (!signal.aborted) {
    const now = await pending();
    for (const id of waiting) {
      if (now.some((approval) => approval.id === id)) continue;
      waiting.delete(id);
      tell(await one(id));
    }
    for (const approval of now) {
      if (waiting.has(approval.id)) continue;
      waiting.add(approval.id);
      tell(approval);
    }
    await pause();
  }
}

/** @returns whether the person left with q; false: they were interrupted */
async function decideEach(watch: Watch): Promise<boolean> {
  const { io, signal, pending, pause } = watch;
  const skipped = new Set<string>();
  let isTold = false;
  while (!signal.aborted) {
    const next = (await pending()).find(({ id }) => !skipped.has(id));
    if (next === undefined) {
      if (!isTold) io.stderr.write('Nothing waits for you. Ctrl-C ends it.\n');
      isTold = true;
      await pause();
      continue;
    }
    isTold = false;
    show(io, next);
    const chosen = await chooseFor(watch, next);
    if (chosen === 'quit' || chosen === 'leave') return chosen === 'quit';
    if (chosen === 'skip') skipped.add(next.id);
    else if (chosen !== null && !(await decideAs(watch, next, chosen))) skipped.add(next.id);
  }
  return false;
}

type Choice = 'approve' | 'deny' | 'skip' | 'quit' | 'leave';

const KEYS: Record<string, Choice> = { a: 'approve', d: 'deny', s: 'skip', q: 'quit' };

/** @returns null: it was decided elsewhere meanwhile */
async function chooseFor(watch: Watch, { id }: Approval): Promise<Choice | null> {
  const { io, signal, one, pause } = watch;
  const chosen = new AbortController();
  const over = new AbortController();
  const watched = (async () => {
    while (!chosen.signal.aborted && !signal.aborted) {
      await pause(chosen.signal);
      if (chosen.signal.aborted || signal.aborted) return;
      const now = await one(id).catch(() => null);
      if (now === null || now.state === 'pending') continue;
      io.stderr.write(`\n${outcome(now)}\n`);
      over.abort();
      return;
    }
  })();
  io.stderr.write('a approve   d deny   s skip   q quit ');
  const untilKey = AbortSignal.any([signal, over.signal]);
  let choice: Choice | null = null;
  while (choice === null && !untilKey.aborted) {
    const key = await io.stdin.readKey(untilKey);
    choice = key === null && !over.signal.aborted ? 'leave' : (KEYS[key ?? ''] ?? null);
  }
  chosen.abort();
  await watched;
  io.stderr.write('\n');
  return choice;
}

/** @returns false: it stays undecided */
async function decideAs(watch: Watch, { id }: Approval, decision: 'approve' | 'deny'): Promise<boolean> {
  const { io, signal, decide, one } = watch;
  io.stderr.write(`Message, then Enter to ${decision} it (Ctrl-C ends and decides nothing): `);
  const message = await io.stdin.readLine(signal);
  if (message === null || signal.aborted) return false;
  try {
    io.stderr.write(`${outcome(await decide(id, decision, message))}\n`);
    return true;
  } catch (error) {
    if (!isSeedError(error)) throw error;
    if (error.code === 'approval_decided') io.stderr.write(`${outcome(await one(id))}\n`);
    else
      io.stderr.write(
        `seed: ${sanitiseLine(error.message)}\n${error.hint ? `${sanitiseLine(error.hint)}\n` : ''}`,
      );
    return error.code === 'approval_decided';
  }
}

function show(io: Io, approval: Approval): void {
  const { summary, kind, command, effect, task, keyId, reason, expiresAt, inputJson, budget } = approval;
  const style = styleFor(io.stdout, io);
  const facts = {
    command: command && `${command} (${effect})`,
    budget: kind === 'budget' && budget ? `${budget.current} → ${budget.requested} ${budget.unit}` : null,
    'asked by': task ? `task ${task}` : `key ${keyId}`,
    why: reason,
    until: `${expiresAt} (${relativeTime(expiresAt, io.clock.now())})`,
  };
  const lines = Object.entries(facts).flatMap(([name, value]) =>
    value ? [`  ${style.dim(padEnd(name, 10))} ${sanitiseLine(value)}`] : [],
  );
  const exact = inputJson === null ? '' : `${exactLines(inputJson)}\n`;
  io.stdout.write(`\n${style.bold(sanitiseLine(summary))}\n${lines.join('\n')}\n${exact}`);
}

function outcome({ state, decidedBy, message }: Approval): string {
  const by = decidedBy ? ` by ${decidedBy.keyName}` : '';
  return sanitiseLine(`It is ${state}${by}${message ? `: ${message}` : ''}.`);
}
