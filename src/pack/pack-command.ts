// Commands of packs: what they are given, and how they are written. Packs get this through src/pack/pack.ts.
import type { Kysely } from 'kysely';
import type { z } from 'zod';
import type { ObjectCommand } from '../command/define-command.ts';
import type { CredentialMode } from '../protocol/credential.ts';
import type { AccessToken } from './oauth.ts';

/** Of a pack that has no migrations. */
export type NoTables = Record<never, never>;

/** What every command of a pack is given. Everything it reads or writes is to be of `account`. */
export interface CalledContext {
  account: { id: string; name: string };
  /** Who calls: a key, and the task that it speaks for. */
  actor: { keyId: string; keyName: string; scopes: readonly string[]; taskId: string | null };
  clock: { now(): Date };
  /**
   * Tells the account's webhooks that something happened, when and if `run` returns.
   * @param type one that the pack declares in its `events`
   * @param data thin: ids and what changed, never a secret
   */
  emit(type: string, data: Record<string, unknown>): void;
  /** An id for what the command creates; the same again when its request is repeated. */
  creationId: string;
  /**
   * What this caller's calls show the platform, as the pack's `credential` says whose it is. Not for `shared`.
   * Throws SeedError credential_missing where the caller has none.
   */
  credential(): Promise<string>;
  /** Aborted when the caller goes away or the server stops. */
  signal: AbortSignal;
}

/** What a command is given whose work is one transaction. */
export interface PackContext<Tables = NoTables> extends CalledContext {
  /**
   * The pack's own tables, in one transaction for the whole call: it is kept, with the call's row in the ledger,
   * when `run` has returned an output that fits its schema. Read-only for `read`; none without migrations.
   */
  db: Kysely<Tables>;
}

/** What a command is given that is `external`: no transaction spans the call. */
export interface ExternalContext<Tables = NoTables> extends CalledContext {
  /** The pack's own tables, in a transaction that is kept when the work returns, whatever becomes of the call. */
  transaction<Result>(work: (db: Kysely<Tables>) => Promise<Result>): Promise<Result>;
}

export type Renew = (refreshToken: string) => Promise<AccessToken>;

export type PackCommand = ObjectCommand<z.ZodObject, z.ZodObject, PackContext<never> & ExternalContext<never>> & {
  /** Of an imported one, where its pack does not say it. */
  credential?: CredentialMode;
  /** And how its platform gives an access token for a refresh token. */
  renew?: Renew | undefined;
};

/** `defineCommand` for a pack with these tables. */
export function commandsOn<Tables>() {
  function define<Input extends z.ZodObject, Output extends z.ZodObject>(
    command: ObjectCommand<Input, Output, PackContext<Tables>> & { external?: false },
  ): PackCommand;
  function define<Input extends z.ZodObject, Output extends z.ZodObject>(
    command: ObjectCommand<Input, Output, ExternalContext<Tables>> & { external: true },
  ): PackCommand;
  function define(command: unknown): PackCommand {
    return command as PackCommand;
  }
  return define;
}
