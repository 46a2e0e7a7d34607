// seed chat: a person, or lines that are piped in, and an agent by turns. Each line is a task that goes on from
// the one before. Used by local-commands.ts.
import { SeedError } from '../protocol/errors.ts';
import type { Manifest, ManifestCommand } from '../protocol/manifest.ts';
import type { Task } from '../protocol/task.ts';
import { parseAnswer } from './answer-view.ts';
import { type Api, createApi } from './api.ts';
import { followedBy, taskOf, watchToEnd } from './follow-task.ts';
import { EXIT, type Io, isSeedError } from './io.ts';
import { type LocalCommand, textIn } from './local-command.ts';
import { cachedManifest } from './manifest-source.ts';
import { loadProfile } from './profile.ts';
import { sanitise, sanitiseLine, styleFor } from './terminal.ts';

const PIPED_BYTES = 1024 * 1024;

export const chat: LocalCommand = {
  name: 'chat',
  summary: 'Talk with an agent: each line is a task that goes on from the one before, in its conversation',
  usage: 'seed chat [<id>] [--scopes <scopes>] [--model <name>]',
  positionals: ['id'],
  flags: [
    { name: '--scopes <scopes>', summary: 'What the agent may do, with commas [default all that the key may]' },
    { name: '--model <name>', summary: 'The model to use' },
  ],
  examples: ['seed chat --scopes keys:read', 'seed chat 56bcba9b-3f0e-4d5c-8a52-0d3d1c9a7e11'],
  async run(io, flags, values) {
    const profile = loadProfile(io, flags.url);
    const api = createApi(io, profile);
    const talk = openTalk(io, api, await cachedManifest(io, api, profile, flags).load(), flags);
    const [scopes, model] = [textIn(values, 'scopes'), textIn(values, 'model')];
    const asked = { ...(scopes && { scopes: scopes.split(',') }), ...(model && { model }) };
    const id = textIn(values, 'id');
    if (id !== undefined) await talk.goOnWith(id);
    const left = { byInterrupt: false };
    try {
      await talk.settle();
      for await (const instruction of linesOf(io, left)) await talk.say(instruction, asked);
    } catch (error) {
      if (!(error instanceof Left)) throw error;
      left.byInterrupt = true;
    } finally {
      const last = talk.last();
      if (last !== null && !flags.quiet) io.stderr.write(`Go on with it:  seed chat ${last.conversationId}\n`);
    }
    if (left.byInterrupt) return EXIT.interrupted;
    const last = talk.last();
    return last === null || last.status === 'completed' ? EXIT.ok : EXIT.taskNotCompleted;
  },
};

/** The person leaves while a task runs. */
class Left extends Error {}

/** What is typed, until Ctrl-C or Ctrl-D at the prompt; or all the lines that are piped in. */
async function* linesOf(io: Io, left: { byInterrupt: boolean }): AsyncGenerator<string> {
  const { stdin, stderr } = io;
  if (!stdin.isTerminal) {
    for (const line of (await stdin.readAll(PIPED_BYTES)).split('\n')) if (line.trim() !== '') yield line;
    return;
  }
  for (;;) {
    stderr.write(styleFor(stderr, io).cyan('> '));
    const interrupted = new AbortController();
    const withdraw = io.onInterrupt(() => interrupted.abort());
    const line = await stdin.readLine(interrupted.signal).finally(withdraw);
    if (line === null) {
      left.byInterrupt = interrupted.signal.aborted;
      stderr.write('\n');
      return;
    }
    if (line.trim() !== '') yield line;
  }
}

function openTalk(io: Io, api: Api, manifest: Manifest, { quiet }: { quiet: boolean }) {
  /** The newest task of the conversation, as it is known here; null: it has none. */
  let last: Task | null = null;
  const commandOf = (name: string): ManifestCommand => {
    const command = manifest.commands.find((candidate) => candidate.name === name);
    if (command) return command;
    throw new SeedError('missing_scope', 'seed chat needs a key with the scopes tasks:read and tasks:write');
  };
  const ask = async (name: string, input: Record<string, unknown>) =>
    parseAnswer(await api.call(commandOf(name), input)) as Record<string, unknown>;
  const show = ({ stdout, error }: Task) => {
    if (stdout) io.stdout.write(`${sanitise(stdout).trimEnd()}\n`);
    if (error) io.stderr.write(`seed: ${sanitiseLine(error.message)}\n`);
  };

  /** To its end, which the first Ctrl-C brings about. @throws Left at a second one */
  async function follow(name: string, begin: () => Promise<Record<string, unknown>>): Promise<void> {
    const first = new AbortController();
    const second = new AbortController();
    let withdraw = io.onInterrupt(() => first.abort());
    try {
      const answer = await begin();
      const followed = followedBy(manifest, { ...commandOf(name), follow: 'tasks events' }, answer);
      if (followed === null)
        throw new SeedError('unreachable', 'the server answered with something that is no task');
      last = answer['task'] as Task;
      const watch = async (signal: AbortSignal) => {
        signal.throwIfAborted();
        return watchToEnd({ io, api, quiet, signal }, followed);
      };
      const text = await watch(first.signal).catch(async (error) => {
        if (!first.signal.aborted) throw error;
        withdraw();
        withdraw = io.onInterrupt(() => second.abort());
        io.stderr.write('\nStopping it; Ctrl-C again leaves.\n');
        await ask('tasks stop', { id: followed.taskId });
        return watch(second.signal);
      });
      last = taskOf(text);
      show(last);
    } catch (error) {
      throw second.signal.aborted ? new Left() : error;
    } finally {
      withdraw();
    }
  }

  /** A person reads what went wrong and says more when it has passed; whoever pipes is told by the end. */
  async function bearing(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!io.stdin.isTerminal || !isSeedError(error) || error.status < 429) throw error;
      io.stderr.write(`seed: ${sanitiseLine(error.message)}\n`);
    }
  }

  /** What ran when this began, or when the connection was lost. */
  async function settle(): Promise<void> {
    const task = last;
    if (task !== null && task.completedAt === null)
      await follow('tasks get', () => ask('tasks get', { id: task.id }));
  }

  return {
    last: () => last,
    settle: () => bearing(settle),
    say: (instruction: string, asked: Record<string, unknown>) =>
      bearing(async () => {
        await settle();
        const isFirst = last === null;
        const name = isFirst ? 'tasks run' : 'tasks continue';
        const input = isFirst ? { ...asked, keep: { workspace: true } } : { ...asked, id: last?.id };
        await follow(name, () => ask(name, { ...input, instruction }));
      }),
    /** The last task of the conversation that this one belongs to. */
    async goOnWith(id: string): Promise<void> {
      const { conversationId } = (await ask('tasks get', { id }))['task'] as Task;
      const { items } = (await ask('tasks list', { conversationId, limit: 1 })) as unknown as { items: Task[] };
      const [newest] = items;
      if (newest === undefined) throw new SeedError('not_found', `there is no conversation ${sanitiseLine(id)}`);
      last = newest;
    },
  };
}
