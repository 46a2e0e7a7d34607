// A task by its account and id. Requests that come at once share a query; an ended task is kept for half a second.
import { sql } from 'kysely';
import { z } from 'zod';
import { WrittenAnswer } from '../../command/define-command.ts';
import type { Store } from '../../db/store.ts';
import type { TaskRow } from '../../db/tables.ts';
import { createDataLoader } from '../../lib/data-loader.ts';
import { createTtlCache } from '../../lib/ttl-cache.ts';
import { isTerminal } from '../../protocol/statuses.ts';
import { Task } from '../../protocol/task.ts';
import { noSuchTask, toTask } from './rows.ts';

/** How much of ended tasks is kept, roughly and all together. */
const CHARACTERS_KEPT = 16 * 1024 * 1024;
const CHARACTERS_PER_FILE = 512;
/** What a task has besides its texts and files. */
const CHARACTERS_PER_TASK = 16 * 1024;

/** Null when the account has no such task. One that has ended may be known from half a second before. */
export type FindTask = (accountId: string, id: string) => Promise<Task | null>;

export const AnsweredTask = z.object({ task: Task });

/** A task and, once it has ended, the answer of `tasks get`, which is written once for as long as it is kept. */
export class KnownTask {
  readonly accountId: string;
  readonly task: Task;
  #answer: WrittenAnswer<z.output<typeof AnsweredTask>> | null = null;

  constructor(row: TaskRow) {
    this.accountId = row.account_id;
    this.task = toTask(row);
  }

  get answer(): WrittenAnswer<z.output<typeof AnsweredTask>> | null {
    if (!isTerminal(this.task.status)) return null;
    this.#answer ??= new WrittenAnswer(AnsweredTask, { task: this.task });
    return this.#answer;
  }
}

export interface TaskCache {
  find: FindTask;
  /** The same with the answer. @throws SeedError not_found */
  known(accountId: string, id: string): Promise<KnownTask>;
}

export function openTaskCache({ lookUp, caches }: Pick<Store, 'lookUp' | 'caches'>): TaskCache {
  const load = createDataLoader(async (ids) => {
    const rows = await lookUp('tasks', sql<TaskRow>`select * from tasks where id = any(${ids})`);
    return new Map(rows.map((row) => [row.id, new KnownTask(row)]));
  });
  const ended = createTtlCache<KnownTask>({
    most: CHARACTERS_KEPT,
    weigh: ({ task }) => charactersOf(task),
    holds: ({ task }) => isTerminal(task.status),
  });
  caches.add('ended tasks', () => ended.forget());
  const look = (accountId: string, id: string) =>
    ended.find(`${accountId} ${id}`, async () => {
      const found = await load(id.toLowerCase());
      return found?.accountId === accountId ? found : null;
    });
  return {
    find: async (accountId, id) => (await look(accountId, id))?.task ?? null,
    async known(accountId, id) {
      const found = await look(accountId, id);
      if (!found) throw noSuchTask(id);
      return found;
    },
  };
}

/** The account's task. Throws SeedError `not_found` when it has none with this id. */
export async function knownTask(find: FindTask, accountId: string, id: string): Promise<Task> {
  const task = await find(accountId, id);
  if (!task) throw noSuchTask(id);
  return task;
}

function charactersOf({ instruction, stdout, stderr, output, files, artifacts }: Task): number {
  const value = output === null ? 0 : JSON.stringify(output).length;
  const texts = instruction.length + (stdout?.length ?? 0) + (stderr?.length ?? 0) + value;
  return CHARACTERS_PER_TASK + texts + CHARACTERS_PER_FILE * (files.length + artifacts.length);
}
