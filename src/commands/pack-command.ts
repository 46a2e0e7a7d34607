// Commands of packs: what they are given, and how they are written. Packs get this through src/pack.ts.
import type { Kysely } from 'kysely';
import type { z } from 'zod';
import type { ObjectCommand } from './define-command.ts';

/** Of a pack that has no migrations. */
export type NoTables = Record<never, never>;

/** What a pack's command is given. Everything it reads or writes is to be of `account`. */
export interface PackContext<Tables = NoTables> {
  account: { id: string; name: string };
  /** Who calls: a key, and the task that it speaks for. */
  actor: { keyId: string; keyName: string; scopes: readonly string[]; taskId: string | null };
  /**
   * The pack's own tables, in one transaction for the whole call: it is kept when `run` has returned an output that fits its
   * schema, and undone otherwise. Of a `read` command it is read-only. A pack without migrations has none.
   */
  db: Kysely<Tables>;
  clock: { now(): Date };
  /**
   * Tells the account's webhooks that something happened, when and if the call is kept.
   * @param type one that the pack declares in its `events`
   * @param data thin: ids and what changed, never a secret
   */
  emit(type: string, data: Record<string, unknown>): void;
  /** An id for what the command creates; the same again when its request is repeated. */
  creationId: string;
  /** Aborted when the caller goes away or the server stops. */
  signal: AbortSignal;
}

export type PackCommand = ObjectCommand<z.ZodObject, z.ZodObject, PackContext<never>>;

/** `defineCommand` for a pack with these tables. */
export function commandsOn<Tables>() {
  return <Input extends z.ZodObject, Output extends z.ZodObject>(
    command: ObjectCommand<Input, Output, PackContext<Tables>>,
  ): PackCommand => command as unknown as PackCommand;
}
