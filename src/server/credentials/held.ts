// Which credential a call of a pack shows its platform. The one of the pack's mode or none: a call is never made
// with one that may more. Called by packs/ for each such call.
import type { Actor } from '../../command/call.ts';
import type { Db } from '../../db/tables.ts';
import type { CredentialMode } from '../../protocol/credential.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Lineage } from '../../protocol/key.ts';
import { readTaskCredential } from './given.ts';
import { readCredential } from './stored.ts';

/** Not `shared`: that one is a setting of the server, which the pack knows itself. */
export type HeldMode = Exclude<CredentialMode, 'shared'>;

interface Wanted {
  pack: string;
  mode: HeldMode;
  actor: Pick<Actor, 'key' | 'lineage' | 'accountId'>;
}

/** @throws SeedError credential_missing: there is none for this caller; nothing was sent */
export async function heldCredential(db: Db, { pack, mode, actor }: Wanted, secretsKey: string): Promise<string> {
  const secret = await read(db, { pack, mode, actor }, secretsKey);
  if (secret !== null) return secret;
  throw new SeedError('credential_missing', `${WHO[mode]} has no credential for the platform of ${pack}`, {
    hint: HINTS[mode](pack),
  });
}

async function read(db: Db, { pack, mode, actor }: Wanted, secretsKey: string): Promise<string | null> {
  const { accountId } = actor;
  if (mode === 'account') return readCredential(db, { accountId, pack, keyId: null }, secretsKey);
  if (mode === 'key') return readCredential(db, { accountId, pack, keyId: holderOf(actor.lineage) }, secretsKey);
  const { taskId } = actor.key;
  return taskId === null ? null : readTaskCredential(db, { taskId, pack }, secretsKey);
}

/** The key that calls; for a task the key that started it, and of tasks that tasks started the first one's. */
function holderOf(lineage: Lineage): string {
  const own = lineage.find(({ taskId }) => taskId === null) ?? lineage[lineage.length - 1];
  if (own === undefined) throw new Error('a caller without a key');
  return own.id;
}

const WHO: Record<HeldMode, string> = { account: 'this account', key: 'this key', caller: 'this call' };

const HINTS: Record<HeldMode, (pack: string) => string> = {
  account: (pack) => `Nothing was sent. Set it: seed credentials set ${pack}`,
  key: (pack) => `Nothing was sent. Set it: seed credentials set ${pack} --key-id <id of the key>`,
  caller: (pack) =>
    `Nothing was sent. Start a task that is given one: "credentials": {"${pack}": {"token": "…"}} in POST /tasks/run`,
};
