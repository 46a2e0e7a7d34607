// Looks at how far a task is and what it said, for all who watch it on this server: those that come at once share
// one, so that hundreds of watchers cost the database what one does. Used by watch.ts.
import type { Db } from '../../db/tables.ts';
import { createDataLoader } from '../../lib/data-loader.ts';
import type { TaskEvent } from '../../protocol/event.ts';
import { readEvents } from './events.ts';
import { getTaskProgress, type TaskProgress } from './rows.ts';

/** A look finds so many events at most. */
export const LOOK_MOST = 200;

/** The status was read before the events: when it is terminal, the terminal event was among what could be read. */
interface Look {
  progress: TaskProgress;
  /** Shared with others: not to be changed. */
  events: readonly TaskEvent[];
}

export interface Looker extends Disposable {
  /** What the task said behind this event. @throws SeedError not_found */
  look(after: number): Promise<Look>;
}

/** Knows the tasks that somebody watches, for as long as they do. */
export class TaskLooks {
  readonly #db: Db;
  readonly #watched = new Map<string, { load: (after: string) => Promise<Look | null>; watchers: number }>();

  constructor(db: Db) {
    this.#db = db;
  }

  /** Until it is disposed of. */
  watch(taskId: string): Looker {
    const watched = this.#watched.get(taskId) ?? { load: this.#loader(taskId), watchers: 0 };
    watched.watchers += 1;
    this.#watched.set(taskId, watched);
    return {
      look: async (after) => (await watched.load(String(after))) ?? this.#look(taskId, after),
      [Symbol.dispose]: () => {
        watched.watchers -= 1;
        if (watched.watchers === 0) this.#watched.delete(taskId);
      },
    };
  }

  /** By the event behind which it looks: nearly all watchers of a task stand at the same one. */
  #loader(taskId: string): (after: string) => Promise<Look | null> {
    return createDataLoader(async (afters) => {
      const looks = afters.map(async (after) => [after, await this.#look(taskId, Number(after))] as const);
      return new Map(await Promise.all(looks));
    });
  }

  async #look(taskId: string, after: number): Promise<Look> {
    const progress = await getTaskProgress(this.#db, taskId);
    return { progress, events: await readEvents(this.#db, progress, after, LOOK_MOST) };
  }
}
