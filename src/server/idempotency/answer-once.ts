// Idempotency-Key on creating commands: however often a request is sent, its work is done once and its first answer given.
// As in draft-ietf-httpapi-idempotency-key-header; called by the command routes.
import { createHash, randomUUID } from 'node:crypto';
import type { Context } from 'hono';
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import {
  type Claim,
  claimRequest,
  forgetRequest,
  type Repeatable,
  renewClaim,
  saveAnswer,
} from '../../store/idempotency.ts';
import type { Store } from '../../store/store.ts';
import type { HttpEnv } from '../http-types.ts';
import { seal, unseal } from '../seal.ts';

const RENEW_EVERY_MS = 10_000;
/** How often a twin looks although nobody told it that the first is done. */
const LOOK_EVERY_MS = 1_000;

/**
 * The command's answer; of a repeated request the first one's, with `Idempotent-Replay: true`.
 * @param work does what the command does; what it makes gets the id
 * @throws SeedError invalid_input, idempotency_mismatch, idempotency_in_progress, and whatever the work throws
 */
export async function answerOnce(
  c: Context<HttpEnv>,
  store: Store,
  keyId: string,
  signal: AbortSignal,
  command: { name: string; input: unknown },
  work: (creationId: string) => Promise<object>,
): Promise<object> {
  const idempotencyKey = c.req.header('idempotency-key');
  if (idempotencyKey === undefined) return work(randomUUID());
  refuseUnlessSound(idempotencyKey);
  const request = { keyId, idempotencyKey, requestHash: hashOf(command.name, command.input) };
  const secret = c.get('secret');
  const place = `${keyId} ${idempotencyKey}`;
  const claim = await settledClaim(store, request, signal);
  if (claim.state === 'taken') {
    throw new SeedError('idempotency_mismatch', 'this Idempotency-Key was used for another request', {
      hint: 'Use a new one for every new request, such as a random UUID.',
    });
  }
  if (claim.state === 'working') {
    throw new SeedError('idempotency_in_progress', 'the first request with this Idempotency-Key still runs', {
      hint: 'Send it again later.',
      retryAfterSeconds: LIMITS.idempotencyWaitSeconds,
    });
  }
  if (claim.state === 'mine') return workAndSave(store, request, () => work(claim.creationId), save);
  const answer = unseal(claim.answer, secret, place);
  if (answer === null) {
    throw new SeedError('idempotency_mismatch', 'the first answer was given to another secret of this key', {
      hint: 'Repeat the request with the secret that it was first sent with.',
    });
  }
  c.header('Idempotent-Replay', 'true');
  return JSON.parse(answer) as object;

  function save(output: object): Promise<void> {
    return saveAnswer(store, request, seal(JSON.stringify(output), secret, place));
  }
}

/** Waits a while for a twin that is being worked on. */
async function settledClaim(store: Store, request: Repeatable, signal: AbortSignal): Promise<Claim> {
  const until = performance.now() + LIMITS.idempotencyWaitSeconds * 1_000;
  using changes = store.signals.subscribe(`idempotency:${request.keyId}`);
  for (;;) {
    const claim = await claimRequest(store, request);
    const leftMs = until - performance.now();
    if (claim.state !== 'working' || leftMs <= 0 || signal.aborted) return claim;
    await changes.next(Math.min(leftMs, LOOK_EVERY_MS), signal);
  }
}

/**
 * A server that dies between its work and the saved answer leaves a claim that lapses. Who takes it over makes with the same
 * id, so that a task is there once. A key made just before is there twice; nobody has ever seen the first one's secret.
 */
async function workAndSave(
  store: Store,
  request: Repeatable,
  work: () => Promise<object>,
  save: (output: object) => Promise<void>,
): Promise<object> {
  const renewing = setInterval(() => void renewClaim(store, request).catch(() => {}), RENEW_EVERY_MS);
  try {
    const output = await work();
    await save(output);
    return output;
  } catch (error) {
    await forgetRequest(store, request).catch(() => {});
    throw error;
  } finally {
    clearInterval(renewing);
  }
}

function refuseUnlessSound(idempotencyKey: string): void {
  if (/^[\x21-\x7e]{1,255}$/.test(idempotencyKey)) return;
  throw new SeedError('invalid_input', 'Idempotency-Key is not 1 to 255 printable ASCII characters', {
    hint: 'A random UUID will do.',
  });
}

function hashOf(command: string, input: unknown): string {
  return createHash('sha256')
    .update(`${command}\n${sortedJson(input)}`)
    .digest('hex');
}

/** The same text for the same value, in whatever order its names came. */
function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_name, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
}
