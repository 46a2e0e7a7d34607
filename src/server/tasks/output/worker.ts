// The worker of checks.ts: judges one value, or one schema, at a time. It is ended where that takes too long.
import { parentPort } from 'node:worker_threads';
import type { CheckAnswer, CheckQuestion } from './checks.ts';
import { type Judge, judgeOf, Refused } from './judge.ts';

/** Of schemas; more are compiled again. */
const KEPT = 32;
const kept = new Map<string, Judge>();

function judgeFor(schema: string): Judge {
  const known = kept.get(schema);
  if (known) return known;
  const judge = judgeOf(schema);
  const [oldest] = kept.keys();
  if (kept.size >= KEPT && oldest !== undefined) kept.delete(oldest);
  kept.set(schema, judge);
  return judge;
}

function answerTo({ schema, value }: CheckQuestion): CheckAnswer {
  try {
    const judge = judgeFor(schema);
    return { kind: 'verdict', verdict: value === null ? { problem: null, doubt: null } : judge.judge(value) };
  } catch (error) {
    if (error instanceof Refused) return { kind: 'refused', why: error.message };
    throw error;
  }
}

parentPort?.on('message', (question: CheckQuestion) => parentPort?.postMessage(answerTo(question)));
// That it has loaded.
parentPort?.postMessage(null);
