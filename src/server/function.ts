// Seed as a function: the features (compose.ts) without a socket and without timers, in processes of which there
// may be many, each frozen between requests and killed behind any answer. What a server has in memory for good is
// in the database here, and what goes on by itself takes its turn with requests and by a cron.
import { claimTurnIn } from '../db/loop-turns.ts';
import { shareSlots } from '../db/shared-slots.ts';
import { openStore } from '../db/store.ts';
import { collectLoops } from '../lib/collected-loops.ts';
import { type Logger, logFailure } from '../lib/log.ts';
import type { LoadedPack } from '../pack/definition.ts';
import { failureOf, SeedError } from '../protocol/errors.ts';
import type { Playbook } from '../scripted/playbook.ts';
import { keepTokenBuckets, sharedKeyRates, sharedSignInRates } from './access/shared-rate-limits.ts';
import { createAwake } from './awake.ts';
import { composeSeed } from './compose.ts';
import type { DoorSandboxes } from './door/sandboxes.ts';
import type { AnswerDeadline } from './http/http-types.ts';
import { answerRequest, HANDED_ON_BY } from './http/web-request.ts';
import { tablesOf } from './packs/load-packs.ts';
import type { ServerSettings } from './settings.ts';
import { sweepLapsedLeases } from './tasks/lapse.ts';
import { createSharedWatch } from './tasks/shared-watch.ts';
import { type Resolve, resolveByDns } from './webhooks/post.ts';

/** What the vendor gives with each request. */
export interface Invocation {
  /** Keeps the process running until the work is over, also behind the answer. Missing: it does all the same. */
  waitUntil?: ((work: Promise<unknown>) => void) | undefined;
  /** When the vendor ends what is under way; missing: `mostMs` after the request came. */
  deadline?: Date | undefined;
}

export interface FunctionParts {
  settings: ServerSettings;
  log: Logger;
  version: string;
  packs: readonly LoadedPack[];
  playbooks: readonly Playbook[];
  cliBundle: string;
  /** How long an answer may take, as the vendor is told. */
  mostMs: number;
  /** What the cron shows; null: there is none, and what is due waits for requests. */
  cronSecret: string | null;
  /** Of the request that is being answered. */
  invocation(): Invocation;
  /** Makes the sandboxes of tasks that have no runner; missing or null: runners do. */
  sandboxes?: DoorSandboxes | null;
  resolve?: Resolve;
}

export interface SeedFunction {
  fetch(request: Request): Promise<Response>;
  /** Does what is due, for as long at most. @returns whether it came to the end. @throws SeedError */
  drain(until: Date): Promise<boolean>;
  /** Writes what waits in memory, when the vendor says that the process ends. */
  end(): Promise<void>;
}

/** The vendor's limit of 4.5 MB is of the whole body. */
const MOST_FILE_BYTES = 4_000_000;
/** Answers end so long before the vendor would end them, at least a quarter of the time before in short ones. */
const ENDS_BEFORE_MS = 5_000;
/** What only reads leaves what is due to others for so long. */
const READS_TURN_AFTER_MS = 20_000;

/** Nothing is opened before the first request. */
export function createFunction(parts: FunctionParts): SeedFunction {
  const { log, mostMs } = parts;
  const loops = collectLoops();
  const awake = createAwake(() => void loops.turn());
  let opening: ReturnType<typeof open> | null = null;
  let turnedMs = Number.NEGATIVE_INFINITY;

  async function open() {
    await using undo = new AsyncDisposableStack();
    const { settings } = parts;
    const trustedProxies = [...settings.trustedProxies, `${HANDED_ON_BY}/32`];
    const tables = { tables: parts.packs.flatMap(tablesOf), rowSecurity: settings.packRowSecurity };
    const seed = await composeSeed(
      {
        ...{ ...parts, resolve: parts.resolve ?? resolveByDns, loops },
        settings: { ...settings, trustedProxies },
        openStore: () =>
          openStore({ databaseUrl: databaseUrlOf(settings), log, loops, onDemand: true, packs: tables }),
        ratesOf: (store) => ({ rateLimits: sharedKeyRates(store), signInLimits: sharedSignInRates(store) }),
        mostFileBytes: MOST_FILE_BYTES,
        slotsOf: (store) => shareSlots(store, log),
        cron: parts.cronSecret === null ? null : { secret: parts.cronSecret, drain },
        ownUrl: () => '',
      },
      undo,
    );
    const { store, dispatcher } = seed;
    seed.keep();
    seed.rows.keep();
    keepTokenBuckets(store, log);
    const lapses = sweepLapsedLeases(store, log, createSharedWatch(store));
    const delivering = { everyMs: 500, name: 'deliver webhooks', log };
    const deliveries = loops.every(delivering, () => dispatcher.deliverDue());
    store.signals.watch('webhooks', () => void deliveries.now());
    // Never closed: nobody tells such a process in time that it ends.
    undo.move();
    return { ...seed, lapses };
  }

  function opened() {
    opening ??= open().catch((error) => {
      opening = null;
      throw error;
    });
    return opening;
  }

  let waking: Promise<void> | null = null;
  /** Once for all requests that come together. What fails is met by the request itself. */
  function wake({ store, lapses }: Awaited<ReturnType<typeof open>>): Promise<void> {
    waking ??= (async () => {
      const goOn = (error: unknown) => logFailure(log, error, 'could not catch up after a standstill');
      await store.wake().catch(goOn);
      // Whoever reads now is not told that a task runs whose time is over; a full disk forbids no reading.
      await lapses.now().catch(goOn);
    })().finally(() => {
      waking = null;
    });
    return waking;
  }

  /** What has to be behind an answer, with what it has begun. Never rejects. */
  async function settle(changes: boolean, { store }: Awaited<ReturnType<typeof open>>) {
    await Promise.all([loops.flush(), store.signals.told()]);
    if (changes || Date.now() - turnedMs >= READS_TURN_AFTER_MS) {
      turnedMs = Date.now();
      await loops.turn();
    }
    await loops.idle();
    await store.signals.told();
  }

  async function drain(until: Date): Promise<boolean> {
    const seed = await opened();
    const late = Promise.withResolvers<false>();
    const timer = setTimeout(late.resolve, until.getTime() - Date.now(), false);
    const done = async () => {
      await loops.turnAll(claimTurnIn(seed.store));
      await loops.idle();
      await seed.store.signals.told();
      return true;
    };
    try {
      return await Promise.race([done(), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    fetch(request) {
      const { waitUntil, deadline } = parts.invocation();
      const answered = Promise.withResolvers<Response>();
      const over = awake.during(async ({ stoodStill }) => {
        const seed = await opened();
        if (stoodStill) await wake(seed);
        const ends = deadlineOf(deadline ?? new Date(Date.now() + mostMs), mostMs);
        const { response, ended } = await answerRequest(request, ends, (...asked) => seed.app.fetch(...asked));
        answered.resolve(response);
        await ended;
        return seed;
      });
      const changes = request.method !== 'GET' && request.method !== 'HEAD';
      // Behind the last tick: what begins a turn by itself would be frozen in the middle of it.
      const settled = over.then((seed) => settle(changes, seed));
      const met = settled.catch((error) => {
        logFailure(log, error, 'a request could not be answered');
        answered.resolve(failure(error));
      });
      waitUntil?.(met);
      return answered.promise;
    },
    drain,
    async end() {
      const seed = await opening?.catch(() => null);
      if (seed) await Promise.all([loops.flush(), seed.store.signals.told()]);
    },
  };
}

function deadlineOf(vendor: Date, mostMs: number): AnswerDeadline {
  const atMs = vendor.getTime() - Math.min(ENDS_BEFORE_MS, mostMs / 4);
  const leftMs = () => Math.max(0, atMs - Date.now());
  return { leftMs, signal: AbortSignal.timeout(leftMs()) };
}

/** The database or a setting does not allow an answer; the next request tries again. */
function failure(error: unknown): Response {
  const known =
    error instanceof SeedError
      ? error
      : new SeedError('internal', 'something went wrong inside Seed', { cause: error });
  // What is wrong with the settings is the operator's to read in the log.
  const told = known.code === 'invalid_settings' ? new SeedError('unavailable', 'Seed is not set up') : known;
  const { status } = failureOf(told);
  return Response.json(told.toBody(null), {
    status,
    headers: { 'Retry-After': '5', 'Cache-Control': 'no-store' },
  });
}

/** @throws SeedError invalid_settings */
function databaseUrlOf({ databaseUrl }: ServerSettings): string {
  if (databaseUrl !== null) return databaseUrl;
  throw new SeedError('invalid_settings', 'DATABASE_URL is not set', {
    hint: 'A function brings no database along: set it to the pooled address of one.',
  });
}
