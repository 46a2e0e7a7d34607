// seed tasks delete and seed tasks forget, for a person: asks on a terminal before anything goes, and calls again
// until nothing is left. Used by local-commands.ts; the CLI in a sandbox has neither.

import type { z } from 'zod';
import { SeedError } from '../protocol/errors.ts';
import type { DeletedTasks, ForgottenTasks } from '../protocol/forgetting.ts';
import { parseAnswer } from './answer-view.ts';
import { type Api, createApi } from './api.ts';
import { EXIT, type Io, usageError } from './io.ts';
import { type LocalCommand, type LocalValues, tellDone, textIn } from './local-command.ts';
import { cachedManifest } from './manifest-source.ts';
import type { GlobalFlags } from './parse-input.ts';
import { loadProfile } from './profile.ts';
import { sanitiseLine } from './terminal.ts';

type Deleted = z.infer<typeof DeletedTasks>;
type Forgotten = z.infer<typeof ForgottenTasks>;

const YES = { name: '--yes', summary: 'Without asking' };

export const deleteTask: LocalCommand = {
  name: 'tasks delete',
  alsoOnServer: true,
  summary: 'Forget a task: its instruction, answer, events, files and workspace go; what it cost is kept',
  usage: 'seed tasks delete <id> [--conversation] [--yes]',
  positionals: ['id'],
  flags: [{ name: '--conversation', summary: 'All tasks of its conversation, also those behind it' }, YES],
  examples: ['seed tasks delete 56bcba9b-3f0e-4d5c-8a52-0d3d1c9a7e11 --conversation'],
  async run(io, flags, values) {
    const id = textIn(values, 'id');
    if (id === undefined) throw usageError('which task is to go?', `Usage: ${deleteTask.usage}`);
    const conversation = values['conversation'] === true;
    const ask = await callsOf(io, flags);
    const what = conversation ? `all of the conversation of ${id}` : `the task ${id}`;
    if (!(await agreed(io, values, `Forget ${what}, for good?`))) return EXIT.ok;
    const answer = (await ask('tasks delete', { id, conversation })) as Deleted;
    const lines = answer.stillIn.map(
      ({ name, scheduleId }) =>
        `The schedule "${sanitiseLine(name)}" goes on, and says what it said: ${scheduleId}`,
    );
    tellDone(io, flags, { json: answer, text: [`${tasks(answer.forgotten)} forgotten`, ...lines].join('\n') });
    return EXIT.ok;
  },
};

export const forgetTasks: LocalCommand = {
  name: 'tasks forget',
  alsoOnServer: true,
  summary: 'Forget all tasks that ended before a time',
  usage: 'seed tasks forget --before <time> [--dry-run] [--yes]',
  flags: [
    { name: '--before <time>', summary: 'Tasks that ended before this time, or longer ago than this: 90d' },
    { name: '--dry-run', summary: 'Only tell how many that would be' },
    YES,
  ],
  examples: ['seed tasks forget --before 90d --dry-run', 'seed tasks forget --before 90d'],
  async run(io, flags, values) {
    const before = textIn(values, 'before');
    if (before === undefined) throw usageError('what is to go?', `Usage: ${forgetTasks.usage}`);
    const ask = await callsOf(io, flags);
    const told = (await ask('tasks forget', { before, dryRun: true })) as Forgotten;
    if (values['dry-run'] === true) return tell(io, flags, told);
    if (told.left > 0 && !(await agreed(io, values, `Forget ${tasks(told.left)}, for good?`))) return EXIT.ok;
    const progress = io.stderr.isTerminal && !flags.quiet;
    // What ends meanwhile is not asked about again.
    let done = { ...told, dryRun: false };
    let forgotten = 0;
    do {
      done = (await ask('tasks forget', { before: told.before })) as Forgotten;
      forgotten += done.forgotten;
      if (progress && done.left > 0) io.stderr.write(`\r${forgotten} forgotten, ${done.left} left … `);
    } while (done.left > 0 && done.forgotten > 0);
    if (progress && forgotten > done.forgotten) io.stderr.write('\n');
    return tell(io, flags, { ...done, forgotten });
  },
};

function tell(io: Io, flags: GlobalFlags, answer: Forgotten): number {
  const { dryRun, forgotten, left, kept } = answer;
  const text = dryRun ? `${tasks(left)} would be forgotten` : `${tasks(forgotten)} forgotten, ${left} left`;
  const note = [
    kept.held > 0 ? `A legal hold keeps ${kept.held}: seed holds list\n` : '',
    kept.needed > 0 ? `Later tasks of their conversations need ${kept.needed}.\n` : '',
  ].join('');
  tellDone(io, flags, { json: answer, text, note });
  return EXIT.ok;
}

const tasks = (count: number) => (count === 1 ? '1 task' : `${count} tasks`);

/** Only a person is asked: a script has said what it wants. */
async function agreed(io: Io, values: LocalValues, question: string): Promise<boolean> {
  if (values['yes'] === true || !io.stdin.isTerminal || !io.stderr.isTerminal) return true;
  io.stderr.write(`${question} [y/N] `);
  const yes = /^y(es)?$/i.test((await io.stdin.readLine())?.trim() ?? '');
  if (!yes) io.stderr.write('Nothing was done.\n');
  return yes;
}

async function callsOf(io: Io, flags: GlobalFlags) {
  const profile = loadProfile(io, flags.url);
  const api: Api = createApi(io, profile);
  const manifest = await cachedManifest(io, api, profile, flags).load();
  return async (name: string, input: Record<string, unknown>): Promise<object> => {
    const command = manifest.commands.find((candidate) => candidate.name === name);
    if (!command) throw new SeedError('missing_scope', `seed ${name} needs a key with the scope tasks:delete`);
    return parseAnswer(await api.call(command, input)) as object;
  };
}
