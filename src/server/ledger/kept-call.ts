// A call whose row must stand: a change by a task, with an Idempotency-Key or under a limit. Others are counted
// (call-log.ts).
import type { Actor } from '../../command/call.ts';
import type { Command } from '../../command/define-command.ts';
import type { Db } from '../../db/tables.ts';
import { isMany } from '../../lib/exact-json.ts';
import { isRecord } from '../../lib/json.ts';
import { failureOf, SeedError } from '../../protocol/errors.ts';
import { type NewCall, writeCall } from './call-log.ts';
import { callHash, type Repeat, readRepeat } from './repeat.ts';

export interface KeptCall {
  /** As it is before the outcome is known. Its id is that of what the call makes. */
  row: NewCall;
  /** Null: it came without an Idempotency-Key. */
  readonly repeat: Repeat | null;
  /** The status of its success. */
  readonly success: number;
  readonly startedAtMs: number;
  /** Its row stands, and has its outcome or gets it from whoever wrote the row. */
  hasRow: boolean;
  /** It has ended, and whether it was done is not known. */
  isUnknown: boolean;
  /** Its row stands since a person was asked about it, and keeps its time. */
  readonly isAsked?: boolean;
}

/** What became of a kept call. */
export interface Done {
  output: object;
  /** It was done before, for an earlier request with the same Idempotency-Key. */
  isReplay: boolean;
}

/** A call of a command, as it comes. */
export interface CalledCommand {
  requestId: string;
  command: Command & { successStatus?: number };
  actor: Actor;
  /** Undefined where the call failed before its input was known to be sound. */
  input: unknown;
  /** The input as it was given, before the command's schema made anything of it. */
  given?: unknown;
  at: Date;
}

/** @returns null for a call that is only counted. @throws SeedError invalid_input: the Idempotency-Key is none */
export function keptCall(
  call: CalledCommand,
  {
    idempotencyKey,
    secret,
    isLimited,
  }: { idempotencyKey: string | undefined; secret: string; isLimited: boolean },
): KeptCall | null {
  const { command, actor, input } = call;
  if (command.effect === 'read') return null;
  const repeat = readRepeat({ idempotencyKey, command: command.name, keyId: actor.key.id, input, secret });
  if (repeat === null && actor.key.taskId === null && !isLimited) return null;
  return kept(call, repeat);
}

/** The same of one whose row must stand in any case. */
export function kept(call: CalledCommand, repeat: Repeat | null): KeptCall {
  return {
    row: { ...callRow(call), idempotencyKey: repeat?.request.idempotencyKey ?? null },
    repeat,
    success: call.command.successStatus ?? 200,
    startedAtMs: performance.now(),
    hasRow: false,
    isUnknown: false,
  };
}

/** The row of a call that has not ended. */
export function callRow({ requestId, command, actor, input, at }: CalledCommand): NewCall {
  const { key, accountId, lineage } = actor;
  return {
    id: requestId,
    at,
    accountId,
    keyId: key.id,
    billedKeyId: lineage.at(-1)?.id ?? key.id,
    taskId: key.taskId,
    command: command.name,
    effect: command.effect,
    scope: command.scope,
    status: null,
    code: null,
    durationMs: null,
    arguments: key.taskId === null ? null : cutJson(input ?? null),
    changes: null,
    times: 1,
    idempotencyKey: null,
    approvalId: null,
    inputHash: key.taskId === null || input === undefined ? null : callHash(command.name, input),
  };
}

/** The call's row when its command has answered with success. */
export function doneRow({ row, success, startedAtMs }: KeptCall, output: object): NewCall {
  const changes = row.taskId === null ? null : cutJson(output);
  return { ...row, status: success, durationMs: msSince(startedAtMs), changes };
}

/** And when it has failed. @param isKnown whether it is certain that nothing was done */
export function failedRow({ row, startedAtMs }: KeptCall, error: unknown, isKnown: boolean): NewCall {
  const { status, code } = failureOf(error);
  return { ...row, status: isKnown ? status : null, code, durationMs: msSince(startedAtMs) };
}

/** @throws SeedError unavailable, or what is known to be the matter with the database */
export async function writeRow(db: Db, row: NewCall): Promise<void> {
  await writeCall(db, row).catch((cause) => {
    if (cause instanceof SeedError) throw cause;
    throw new SeedError('unavailable', 'the call cannot be written into the ledger, and so is not made', {
      hint: 'Nothing was done; it may work later.',
      nothingDone: true,
      cause,
    });
  });
}

function msSince(startedAtMs: number): number {
  return Math.round(performance.now() - startedAtMs);
}

const STRING_MOST = 200;
const ITEMS_MOST = 20;
const DEPTH_MOST = 5;
const BYTES_MOST = 4_096;

const SECRET = '[secret]';
const SECRET_NAME = /secret|token|passw|authorization|credential|api_?key/i;
const KEY_SECRET = /sk_live_[A-Za-z0-9_-]{8,}/g;

/** A copy without secrets, of which nothing else is left out. @param cleaned what becomes of every other text */
export function withoutSecrets(value: unknown, cleaned: (text: string) => string): unknown {
  if (typeof value === 'string') return cleaned(value.replaceAll(KEY_SECRET, SECRET));
  if (!isMany(value)) return value;
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, cleaned));
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      cleaned(name.replaceAll(KEY_SECRET, SECRET)),
      isSecret(name, item) ? SECRET : withoutSecrets(item, cleaned),
    ]),
  );
}

/** Counts such as `inputTokens` are no secrets, whatever their name says. */
function isSecret(name: string, item: unknown): boolean {
  return SECRET_NAME.test(name) && typeof item === 'string';
}

/** A copy without secrets and large values; of one still larger than 4 KiB of JSON only the names remain. */
export function cutJson(value: unknown): unknown {
  const cut = cutValue(value, 0);
  if (Buffer.byteLength(JSON.stringify(cut) ?? '') <= BYTES_MOST) return cut;
  const names = isRecord(cut) ? Object.keys(cut).slice(0, ITEMS_MOST) : [];
  return { cut: names.map((name) => name.slice(0, STRING_MOST / 4).toWellFormed()) };
}

function cutValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return cutString(value);
  if (!isMany(value)) return value;
  if (depth === DEPTH_MOST) return Array.isArray(value) ? '[…]' : '{…}';
  if (Array.isArray(value)) {
    const items = value.slice(0, ITEMS_MOST).map((item) => cutValue(item, depth + 1));
    return value.length > ITEMS_MOST ? [...items, `… ${value.length - ITEMS_MOST} more`] : items;
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      cutString(name),
      isSecret(name, item) ? SECRET : cutValue(item, depth + 1),
    ]),
  );
}

function cutString(text: string): string {
  const clean = text.replaceAll(KEY_SECRET, SECRET);
  if (clean.length <= STRING_MOST) return clean;
  return `${clean.slice(0, STRING_MOST).toWellFormed()}… ${clean.length - STRING_MOST} more characters`;
}
