// Sees to calls in the background, also to those that a dead server left. Opened by the server, which hands
// `begin` to the routes.
import type { Loop } from '../../lib/every.ts';
import { logFailure } from '../../lib/log.ts';
import { BACKGROUND_LIMITS } from '../../protocol/background-call.ts';
import { failureOf, SeedError } from '../../protocol/errors.ts';
import type { Background } from '../http/respond-async.ts';
import {
  type CallEnd,
  type CallRow,
  claimCalls,
  endCall,
  keepCall,
  ownCallOf,
  pruneCalls,
  renewCall,
  toCall,
} from './rows.ts';
import { commandNamed, isPassing, type RunAsNeeds, readyAsKey, runAsKey } from './unasked.ts';

/** A look even where nothing is told: whoever was at one may have died. */
const LOOK_EVERY_MS = 20_000;
const PRUNE_EVERY_MS = 3_600_000;
/** One server does so many at a time. */
const RUNS_MOST = 8;
const RENEW_EVERY_MS = 3_000;
/** What cannot be done for so long has failed. */
const PATIENCE_MS = 900_000;

export interface BackgroundCalls extends Background {
  /** From then on, sees to what other servers left. Disposed of, it finishes what it does. */
  keep(): AsyncDisposable;
}

export function openBackground(needs: RunAsNeeds): BackgroundCalls {
  const { store, log, secretsKey } = needs;
  const running = new Set<Promise<void>>();
  let looking: Loop | null = null;
  function start(row: CallRow): void {
    const run = runClaimed(row, needs).finally(() => {
      running.delete(run);
      // What waited for its place.
      if (running.size === RUNS_MOST - 1) void looking?.now();
    });
    running.add(run);
    store.loops.keep(run);
  }
  return {
    async begin(later) {
      const claimed = running.size < RUNS_MOST;
      const { row, isReplay } = await keepCall(store, later, { claimed, secretsKey });
      if (claimed && !isReplay) start(row);
      return { call: toCall(row, secretsKey), isReplay };
    },
    keep() {
      const loop = store.loops.every(
        { everyMs: LOOK_EVERY_MS, atOnce: true, name: 'see to calls', log },
        async () => {
          for (const row of await claimCalls(store, RUNS_MOST - running.size)) start(row);
        },
      );
      looking = loop;
      const pruning = store.loops.every(
        { everyMs: PRUNE_EVERY_MS, atOnce: true, name: 'delete old calls', log },
        () => pruneCalls(store),
      );
      const hearing = store.signals.watch('background', () => void loop.now());
      return {
        async [Symbol.asyncDispose]() {
          looking = null;
          hearing[Symbol.dispose]();
          await pruning.stop();
          await loop.stop();
          await Promise.all(running);
        },
      };
    },
  };
}

/** Never rejects: what fails lapses and is claimed again. */
async function runClaimed(row: CallRow, needs: RunAsNeeds): Promise<void> {
  const { store, log, secretsKey } = needs;
  const renewing = setInterval(() => void renewCall(store, row.id).catch(() => {}), RENEW_EVERY_MS);
  try {
    const end = await endOf(row, needs);
    if (end !== null) await endCall(store, row, end, secretsKey);
  } catch (error) {
    logFailure(log, error, 'could not do a call in the background', { callId: row.id });
  } finally {
    clearInterval(renewing);
  }
}

/** Null: it is tried again when its claim has lapsed. */
async function endOf(row: CallRow, needs: RunAsNeeds): Promise<CallEnd | null> {
  try {
    const result = await runAsKey(await readyAsKey(ownCallOf(row, needs.secretsKey), needs), needs);
    refuseTooLarge(result);
    const { successStatus = 200 } = commandNamed(needs.registry(), row.command);
    return { status: 'done', httpStatus: isAsked(result) ? 202 : successStatus, result };
  } catch (error) {
    const waitedMs = needs.store.clock.now().getTime() - row.requested_at.getTime();
    if (isPassing(error) && waitedMs < PATIENCE_MS) return null;
    if (!(error instanceof SeedError)) needs.log.error({ err: error, callId: row.id }, 'a call failed');
    const { status, code } = failureOf(error);
    if (error instanceof SeedError && code !== 'outcome_unknown') {
      const { message, hint } = error;
      return { status: 'failed', httpStatus: status, error: { code, message, hint } };
    }
    return { status: 'unknown', httpStatus: null, error: unknownOutcome() };
  }
}

function unknownOutcome() {
  return {
    code: 'outcome_unknown',
    message: 'it was cut off or went wrong inside Seed, and may have been done',
    hint: 'Look what is there. What is still to be done needs a new call.',
  };
}

/** A person is to be asked first: the answer is the approval alone. */
const isAsked = (result: object) => 'approval' in result && Object.keys(result).length === 1;

function refuseTooLarge(result: object): void {
  const most = BACKGROUND_LIMITS.backgroundAnswerBytes;
  if (Buffer.byteLength(JSON.stringify(result)) <= most) return;
  throw new SeedError(
    'body_too_large',
    `it was done, and its answer is larger than the ${most} bytes that are kept`,
    {
      hint: 'Call it without Prefer: respond-async, or ask for less.',
    },
  );
}
