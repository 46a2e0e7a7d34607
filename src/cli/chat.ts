// seed chat: a person, or lines that are piped in, and an agent by turns. Each line is a task that goes on from
// the one before. Used by local-commands.ts.
import { SeedError } from '../protocol/errors.ts';
import type { Manifest, ManifestCommand } from '../protocol/manifest.ts';
import type { Task } from '../protocol/task.ts';
import { parseAnswer } from './answer-view.ts';
import { type Api, createApi } from './api.ts';
import { followedBy, taskOf, watchToEnd } from './follow-task.ts';
import { EXIT, type Io } from './io.ts';
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
    const talk = openTalk(io, api, await cachedManifest(io, api, profile, flags).load());
    const [scopes, model] = [textIn(values, 'scopes'), textIn(values, 'model')];
    const asked = { ...(scopes && { scopes: scopes.split(',') }), ...(model && { model }) };
    const id = textIn(values, 'id');
    let last = id === undefined ? null : await talk.latest(id);
    if (last !== null && last.completedAt === null) last = await talk.follow('tasks get', { task: last }, flags);
    for await (const instruction of linesOf(io)) {
      const isFirst = last === null;
      const input = isFirst ? { ...asked, keep: { workspace: true } } : { ...asked, id: last?.id };
      const name = isFirst ? 'tasks run' : 'tasks continue';
      const answer = await talk.ask(name, { ...input, instruction });
      last = await talk.follow(name, answer, flags);
      if (last === null) return EXIT.interrupted;
    }
    if (last !== null && !flags.quiet) io.stderr.write(`Go on with it:  seed chat ${last.conversationId}\n`);
    return last === null || last.status === 'completed' ? EXIT.ok : EXIT.taskNotCompleted;
  },
};

/** What is typed, until Ctrl-C or Ctrl-D at the prompt; or all the lines that are piped in. */
async function* linesOf(io: Io): AsyncGenerator<string> {
  const { stdin, stderr } = io;
  if (!stdin.isTerminal) {
    for (const line of (await stdin.readAll(PIPED_BYTES)).split('\n')) if (line.trim() !== '') yield line;
    return;
  }
  for (;;) {
    stderr.write(styleFor(stderr, io).cyan('> '));
    const line = await stdin.readLine();
    if (line === null) {
      stderr.write('\n');
      return;
    }
    if (line.trim() !== '') yield line;
  }
}

function openTalk(io: Io, api: Api, manifest: Manifest) {
  const commandOf = (name: string): ManifestCommand => {
    const command = manifest.commands.find((candidate) => candidate.name === name);
    if (command) return command;
    throw new SeedError('missing_scope', 'seed chat needs a key with the scopes tasks:read and tasks:write');
  };
  const ask = async (name: string, input: Record<string, unknown>) =>
    parseAnswer(await api.call(commandOf(name), input)) as Record<string, unknown>;

  return {
    ask,
    /** The last task of the conversation that this one belongs to. */
    async latest(id: string): Promise<Task> {
      const { conversationId } = (await ask('tasks get', { id }))['task'] as Task;
      const { items } = (await ask('tasks list', { conversationId, limit: 1 })) as unknown as { items: Task[] };
      const [newest] = items;
      if (newest === undefined) throw new SeedError('not_found', `there is no conversation ${sanitiseLine(id)}`);
      return newest;
    },
    /** To its end, which the first Ctrl-C brings about. Null: a second one came, and the person leaves. */
    async follow(name: string, answer: unknown, { quiet }: { quiet: boolean }): Promise<Task | null> {
      const followed = followedBy(manifest, { ...commandOf(name), follow: 'tasks events' }, answer);
      if (followed === null)
        throw new SeedError('unreachable', 'the server answered with something that is no task');
      const first = new AbortController();
      const second = new AbortController();
      let withdraw = io.onInterrupt(() => first.abort());
      const watch = (signal: AbortSignal) => watchToEnd({ io, api, quiet, signal }, followed);
      try {
        const text = await watch(first.signal).catch(async (error) => {
          if (!first.signal.aborted) throw error;
          withdraw();
          withdraw = io.onInterrupt(() => second.abort());
          io.stderr.write('\nStopping it; Ctrl-C again leaves.\n');
          await ask('tasks stop', { id: followed.taskId });
          return watch(second.signal);
        });
        const task = taskOf(text);
        if (task.stdout) io.stdout.write(`${sanitise(task.stdout).trimEnd()}\n`);
        if (task.error) io.stderr.write(`seed: ${sanitiseLine(task.error.message)}\n`);
        return task;
      } catch (error) {
        if (second.signal.aborted) return null;
        throw error;
      } finally {
        withdraw();
      }
    },
  };
}
