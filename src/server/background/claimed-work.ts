// Work that lies in rows, each of which one server has to itself by a claim that lapses: looked for when there is
// news, when something is due, and from time to time for what a dead server left; done so many rows at a time.
// Used where schedules and batches go on.
import { later } from '../../db/database-clock.ts';
import type { Store } from '../../db/store.ts';
import { type Logger, logFailure } from '../../lib/log.ts';

/** A look even where nothing is known to be due: whoever knew may have died. */
const LOOK_EVERY_MS = 20_000;
/** A row whose server does not renew its claim for so long is taken up by another. */
const CLAIM_MS = 10_000;
const RENEW_EVERY_MS = 3_000;
/** What is due and could not be taken, since another server is at it, is looked at again after so long. */
const OVERDUE_MS = 250;

export interface ClaimedWork<Row> {
  /** What is done, as the log says it: "could not <name>". */
  name: string;
  /** So many rows at a time in one server. */
  most: number;
  /** What a look does first. */
  prepare?(): Promise<unknown>;
  /** Claims up to so many rows that nobody has, until then. Null: another server is claiming. */
  claim(most: number, until: Date): Promise<readonly Row[] | null>;
  renew(row: Row, until: Date): Promise<unknown>;
  /** What fails is logged, and claimed again when its claim has lapsed. */
  work(row: Row): Promise<unknown>;
  /** Whose work has failed, for the log. */
  idsOf(row: Row): Record<string, string>;
  /** When something is due next, or tried again; null: nothing is known of. */
  nextMoment(): Promise<Date | null>;
}

interface Needs {
  store: Pick<Store, 'loops' | 'clock'>;
  log: Logger;
}

export interface WorkLoop extends AsyncDisposable {
  /** There may be news. */
  look(): void;
}

/** Owns what it has begun: disposed of, it finishes that. */
export function keepClaimedWork<Row>({ store, log }: Needs, work: ClaimedWork<Row>): WorkLoop {
  const until = () => later(store.clock.now(), CLAIM_MS);
  const underWay = new Set<Promise<void>>();
  let waking: NodeJS.Timeout | undefined;
  let isStopped = false;
  const look = () => void (isStopped || looking.now());
  const looking = store.loops.every({ everyMs: LOOK_EVERY_MS, atOnce: true, name: work.name, log }, async () => {
    await work.prepare?.();
    const free = work.most - underWay.size;
    if (free > 0) {
      const rows = await work.claim(free, until());
      if (rows === null) return wakeAt(store.clock.now());
      for (const row of rows) begin(row);
    }
    wakeAt(await work.nextMoment());
  });
  function begin(row: Row): void {
    const done = doClaimed(row).finally(() => {
      underWay.delete(done);
      look();
    });
    underWay.add(done);
    store.loops.keep(done);
  }
  /** Never rejects. */
  async function doClaimed(row: Row): Promise<void> {
    const renewing = setInterval(() => void work.renew(row, until()).catch(() => undefined), RENEW_EVERY_MS);
    try {
      await work.work(row);
    } catch (error) {
      logFailure(log, error, `could not ${work.name}`, work.idsOf(row));
    } finally {
      clearInterval(renewing);
    }
  }
  function wakeAt(moment: Date | null): void {
    clearTimeout(waking);
    if (moment === null || isStopped) return;
    const waitMs = moment.getTime() - store.clock.now().getTime();
    if (waitMs < LOOK_EVERY_MS) waking = setTimeout(look, waitMs <= 0 ? OVERDUE_MS : waitMs + 1).unref();
  }
  return {
    look,
    async [Symbol.asyncDispose]() {
      isStopped = true;
      clearTimeout(waking);
      await looking.stop();
      await Promise.all(underWay);
    },
  };
}
