// Posts a task as a careful caller does: by an Idempotency-Key, again and again until it is answered.
import { instructionOf } from './model.ts';
import { seconds } from './wait.ts';

const ANSWER_WITHIN_MS = 10_000;
const GIVE_UP_AFTER_MS = 150_000;
/** Of a task: longer than any outage, so that none is due to end by itself. */
const TIMEOUT_MS = 300_000;
const BETWEEN_SECONDS = 0.5;

export interface Wanted {
  /** Of the run of a fault; the tasks of a run carry it. */
  run: string;
  mark: string;
  steps: number;
}

/**
 * Resolves when the task was accepted.
 * @param urls of the servers, tried in turn
 * @throws Error when the answer is one that a caller cannot mend by asking again, or there is none for minutes
 */
export async function postTask(
  urls: readonly string[],
  key: string,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<void> {
  const giveUpAt = performance.now() + GIVE_UP_AFTER_MS;
  for (let attempt = 0; ; attempt += 1) {
    const answer = await ask(urls[attempt % urls.length] ?? '', key, wanted, signal);
    if (answer.accepted) return;
    signal.throwIfAborted();
    if (!answer.again || performance.now() > giveUpAt) throw new Error(`a post was answered ${answer.what}`);
    await seconds(BETWEEN_SECONDS, signal);
  }
}

interface Answer {
  accepted: boolean;
  again: boolean;
  what: string;
}

async function ask(url: string, key: string, { run, mark, steps }: Wanted, signal: AbortSignal): Promise<Answer> {
  try {
    const response = await fetch(`${url}/api/v1/tasks/run`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'idempotency-key': mark,
      },
      body: JSON.stringify({
        instruction: instructionOf(mark, steps),
        scopes: ['emails:write'],
        timeout: TIMEOUT_MS,
        metadata: { run, mark },
      }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
    });
    const what = `${response.status} ${(await response.text()).slice(0, 300)}`;
    const again = response.status >= 500 || response.status === 429 || what.includes('"idempotency_in_progress"');
    return { accepted: response.status === 202, again, what };
  } catch (error) {
    return { accepted: false, again: true, what: `not at all: ${(error as Error).message}` };
  }
}
