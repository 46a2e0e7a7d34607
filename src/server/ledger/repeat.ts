// The Idempotency-Key of a request: what finds it again when it is repeated, as in
// draft-ietf-httpapi-idempotency-key-header, and what its repeats are told.
import { hash } from 'node:crypto';
import type { Store } from '../../db/store.ts';
import { seal, unseal } from '../../lib/seal.ts';
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { AskedBefore } from './admission.ts';
import { type Earlier, idempotencyMismatch, type Repeatable } from './idempotency.ts';

/** How often a twin looks although nobody told it that the first is done. */
const LOOK_EVERY_MS = 1_000;

export interface Repeat {
  request: Repeatable;
  /** Seals an answer for who presents the same secret. */
  seal(output: object): Buffer;
  /** @throws SeedError idempotency_mismatch: it was sealed for another secret of the key */
  unseal(answer: Buffer): object;
}

type Settled = Extract<Earlier, { state: 'answered' }>;
type Asked = Extract<Earlier, { state: 'asked' }>;

interface Given {
  /** The request's header. */
  idempotencyKey: string | undefined;
  command: string;
  keyId: string;
  input: unknown;
  /** What the request came with: the secret of a key, or the token of a session. */
  secret: string;
}

/** @returns null: the request has no Idempotency-Key. @throws SeedError invalid_input: it has one that is none */
export function readRepeat({ idempotencyKey, command, keyId, input, secret }: Given): Repeat | null {
  if (idempotencyKey === undefined) return null;
  if (!/^[\x21-\x7e]{1,255}$/.test(idempotencyKey)) {
    throw new SeedError('invalid_input', 'Idempotency-Key is not 1 to 255 printable ASCII characters', {
      hint: 'A random UUID will do.',
    });
  }
  const place = `${keyId} ${idempotencyKey}`;
  return {
    request: {
      keyId,
      idempotencyKey,
      requestHash: callHash(command, input),
      subjectId: subjectOf(command, input),
    },
    seal: (output) => seal(JSON.stringify(output), secret, place),
    unseal: (answer) => {
      const text = unseal(answer, secret, place);
      if (text !== null) return JSON.parse(text) as object;
      throw new SeedError('idempotency_mismatch', 'the first answer was given to another secret of this key', {
        hint: 'Repeat the request with the secret that it was first sent with.',
      });
    },
  };
}

/**
 * @param waiting makes the signal that is aborted when it is no use to wait any longer
 * @throws SeedError idempotency_mismatch; idempotency_in_progress: a twin still works after a while; AskedBefore
 */
export async function pastTwins<Other extends { state: string }>(
  { signals }: Store,
  repeat: Repeat | null,
  waiting: () => AbortSignal,
  attempt: () => Promise<Earlier | Other>,
): Promise<Settled | Other> {
  // Without an Idempotency-Key there are no twins.
  if (repeat === null) return (await attempt()) as Settled | Other;
  const { request } = repeat;
  const until = performance.now() + LIMITS.idempotencyWaitSeconds * 1_000;
  using changes = signals.subscribe(`idempotency:${request.keyId}`);
  let signal: AbortSignal | undefined;
  for (;;) {
    const result = await attempt();
    if (result.state === 'taken') throw idempotencyMismatch();
    if (result.state === 'forgotten') throw answerForgotten();
    if (result.state === 'asked') throw new AskedBefore((result as Asked).approvalId);
    if (result.state !== 'working') return result as Settled | Other;
    signal ??= waiting();
    const leftMs = until - performance.now();
    if (leftMs <= 0 || signal.aborted) {
      throw new SeedError('idempotency_in_progress', 'the first request with this Idempotency-Key still runs', {
        hint: 'Send it again later.',
        retryAfterSeconds: LIMITS.idempotencyWaitSeconds,
      });
    }
    await changes.next(Math.min(leftMs, LOOK_EVERY_MS), signal);
  }
}

function answerForgotten(): SeedError {
  return new SeedError('forgotten', 'this request was answered, and its answer was forgotten with its task', {
    hint: 'It is not done again. A new request needs a new Idempotency-Key.',
  });
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Its answer tells nothing of what was said in the task. */
const TELLS_IDS_ALONE = 'tasks delete';

/** What a call is about by its input; null: nothing that has an id. */
export function subjectOf(command: string, input: unknown): string | null {
  const { id } = (input ?? {}) as { id?: unknown };
  return typeof id === 'string' && UUID.test(id) && command !== TELLS_IDS_ALONE ? id : null;
}

/** The same for the same call. */
export function callHash(command: string, input: unknown): string {
  return hash('sha256', `${command}\n${sortedJson(input)}`, 'hex');
}

/** The same text for the same value, in whatever order its names came. */
function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_name, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
}
