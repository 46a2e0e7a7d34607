// `Prefer: respond-async` (RFC 7240): the call is kept and answered with 202 at once, and done after that. For
// command-routes.ts.
import type { Context } from 'hono';
import type { Call } from '../../command/call.ts';
import { type Command, isObject } from '../../command/define-command.ts';
import type { BackgroundCall } from '../../protocol/background-call.ts';
import { SeedError } from '../../protocol/errors.ts';
import { type CalledCommand, kept } from '../ledger/kept-call.ts';
import { readRepeat } from '../ledger/repeat.ts';
import type { HttpEnv } from './http-types.ts';
import { prefixIn } from './request-headers.ts';

/** A call to be done in the background. */
export interface LaterCall {
  called: CalledCommand;
  call: Call;
  /** The request's own; undefined: it has none. */
  idempotencyKey: string | undefined;
}

/** Given to the routes by background/ when the server is put together. */
export interface Background {
  /** Keeps the call and sees to it; an earlier one with the same Idempotency-Key is the same. */
  begin(later: LaterCall): Promise<{ call: BackgroundCall; isReplay: boolean }>;
}

/** Whether it can be: not what brings files, streams, or has only begun when it is answered anyway. */
export function canBeLater(command: Command): boolean {
  return isObject(command) && !command.isPoll && !command.takesFiles && command.successStatus !== 202;
}

/**
 * Whether the answer is to come before the work. What a task's agent calls is done at once, since its key ends
 * with the task.
 */
export function isForLater(c: Context<HttpEnv>, command: Command, { actor }: Pick<Call, 'actor'>): boolean {
  if (!/(?:^|[,;\s])respond-async(?:$|[,;\s])/i.test(c.req.header('prefer') ?? '')) return false;
  return canBeLater(command) && actor.key.taskId === null;
}

/** @throws SeedError too_many_requests, idempotency_mismatch; invalid_input: the Idempotency-Key is none */
export async function respondLater(
  c: Context<HttpEnv>,
  { called, call }: Omit<LaterCall, 'idempotencyKey'>,
  background: Background,
): Promise<Response> {
  const idempotencyKey = c.req.header('idempotency-key');
  const { command, actor, input } = called;
  readRepeat({ idempotencyKey, command: command.name, keyId: actor.key.id, input, secret: '' });
  if (called.given === undefined) throw new SeedError('internal', 'a call in the background has no input');
  // Its row in the ledger is written when it is done.
  c.set('kept', { ...kept(called, null), hasRow: true });
  const begun = await background.begin({ called, call, idempotencyKey });
  if (begun.isReplay) c.header('Idempotent-Replay', 'true');
  c.header('Preference-Applied', 'respond-async');
  c.header('Location', `${prefixIn(c)}/api/v1/background/${begun.call.id}`);
  return c.json({ call: begun.call }, 202);
}
