// How long a call waits for its model before it asks once more: as long as the upstream said, as long as it loads,
// or a moment, when nothing was said. Called by upstream-completion.ts, and by the gateway, which asks first
// whether it would wait at all.
import type { CallLimits } from './call-signal.ts';
import { UpstreamFailure } from './upstream-failure.ts';

/** A task that would have less than this after the waiting is told at once. */
const SPARE_MS = 2_000;
/** A server that loads is asked ever more seldom, up to so many times its first pause. */
const LOADING_SLOWER = 5;

export interface WaitingOptions {
  limits: CallLimits;
  /** Whether to wait as long as it takes; else other models are asked first. */
  patient: boolean;
}

/** What is left of the time for the call, and of the task's. */
export interface TimeLeft {
  callMs: number;
  taskMs: number;
}

interface Failed extends TimeLeft {
  /** Whether an answer had begun to come: then only what it said itself is waited for. */
  isAnswered: boolean;
}

export interface Waiting {
  /** Milliseconds until the model is asked once more; null: not any more. Counts what it grants. */
  pauseAfter(failure: unknown, failed: Failed): number | null;
}

export function createWaiting({ limits, patient }: WaitingOptions): Waiting {
  let quick = 0;
  let named = 0;
  let loading = 0;
  let loadingMs = 0;

  const whileLoading = (retryMs: number | null): number | null => {
    const usual = limits.loadingPauseMs * Math.min(2 ** loading, LOADING_SLOWER);
    // What it says of itself is a guess: one that is ready sooner is found sooner.
    const pauseMs = Math.min(retryMs === null || retryMs === 0 ? usual : retryMs, usual * LOADING_SLOWER);
    if (!patient || loadingMs + pauseMs > limits.loadingMs) return null;
    loading += 1;
    loadingMs += pauseMs;
    return pauseMs;
  };
  const asNamed = (retryMs: number): number | null => {
    const most = patient ? Number.POSITIVE_INFINITY : limits.retryAfterMs;
    if (retryMs > most || named >= (patient ? limits.waits : 1)) return null;
    named += 1;
    return Math.max(retryMs, limits.retryMs);
  };
  const pauseOf = (failure: UpstreamFailure, isAnswered: boolean): number | null => {
    const { upstreamStatus: status, retryAfterMs: retryMs } = failure;
    if (failure.isLoading) return whileLoading(retryMs);
    if (retryMs !== null) return mayPass(status) ? asNamed(retryMs) : null;
    // Without a status there was no answer: connections break, most of all those kept from an earlier call.
    if ((status === null ? isAnswered : status < 500) || quick >= 1) return null;
    quick += 1;
    return limits.retryMs;
  };

  return {
    pauseAfter(failure, { callMs, taskMs, isAnswered }) {
      if (!(failure instanceof UpstreamFailure) || failure.code !== 'llm_unavailable') return null;
      if (failure.blames !== 'model') return null;
      const pauseMs = pauseOf(failure, isAnswered);
      return pauseMs === null || pauseMs >= callMs || pauseMs > taskMs - SPARE_MS ? null : pauseMs;
    },
  };
}

/** 200 stands for an error in an answer that tells no status. */
function mayPass(status: number | null): boolean {
  return status === null || status === 200 || status === 408 || status === 425 || status === 429 || status >= 500;
}

/** Whether a call would wait for a model that failed so, if there is no other to ask. */
export function wouldWait(failure: UpstreamFailure, limits: CallLimits, left: TimeLeft): boolean {
  const isToCome = failure.isLoading || failure.retryAfterMs !== null;
  return (
    isToCome &&
    createWaiting({ limits, patient: true }).pauseAfter(failure, { ...left, isAnswered: true }) !== null
  );
}
