// One run for all who ask for the same at the same time. No cache: a question joins only a run that has not begun,
// so that its answer is never older than the question. For the answers of lists (http/read-answers.ts).

/** A run that takes longer does not keep the next one waiting. */
const HELD_UP_MS = 500;

/** Runs the work, or joins a run of the same name that has not begun. Rejects with what the run rejects with. */
export type SharedRuns<Result> = (name: string, work: () => Promise<Result>) => Promise<Result>;

interface Place<Result> {
  /** Resolves when the run that is under way has ended, or is held up. */
  free: Promise<void>;
  /** The run that begins then, for all who have come meanwhile. */
  next: Promise<Result> | null;
}

export function createSharedRuns<Result>(): SharedRuns<Result> {
  const places = new Map<string, Place<Result>>();

  function begin(name: string, work: () => Promise<Result>): Promise<Result> {
    const run = work();
    const place: Place<Result> = { free: endOf(run), next: null };
    places.set(name, place);
    void place.free.then(() => {
      if (place.next === null && places.get(name) === place) places.delete(name);
    });
    return run;
  }

  return (name, work) => {
    const place = places.get(name);
    if (!place) return begin(name, work);
    place.next ??= place.free.then(() => begin(name, work));
    return place.next;
  };
}

/** Resolves when the run has ended, whatever came of it, or is held up. */
function endOf(run: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const late = setTimeout(resolve, HELD_UP_MS);
  const end = () => {
    clearTimeout(late);
    resolve();
  };
  run.then(end, end);
  return promise;
}
