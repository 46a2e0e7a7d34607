// Which credential a call of a pack shows its platform. The one of the pack's mode or none: a call is never made
// with one that may more. Called by packs/ for each such call.

import type { Actor } from '../../command/call.ts';
import type { Store } from '../../db/store.ts';
import { credentialHeader, credentialSetting } from '../../lib/pack-setting.ts';
import type { Renew } from '../../pack/pack-command.ts';
import type { CredentialMode, ShownCredential } from '../../protocol/credential.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Lineage } from '../../protocol/key.ts';
import { readGivenCredential } from './given.ts';
import { presentToken } from './present-token.ts';

/** Not `shared`: that one is a setting of the server, which the pack knows itself. */
export type HeldMode = Exclude<CredentialMode, 'shared'>;

interface Wanted {
  pack: string;
  mode: HeldMode;
  actor: Pick<Actor, 'key' | 'lineage' | 'accountId'>;
  /** What the request brought for it; undefined: nothing. */
  given: ShownCredential | undefined;
  /** Null: nothing says how its platform gives tokens. */
  renew: Renew | null;
}

/** @throws SeedError credential_missing: there is none for this caller; nothing was sent */
export async function heldCredential(store: HeldStore, wanted: Wanted, secretsKey: string): Promise<string> {
  const secret = await read(store, wanted, secretsKey);
  if (secret !== null) return secret;
  const { pack, mode, actor } = wanted;
  throw new SeedError('credential_missing', `${WHO[mode]} has no credential for the platform of ${pack}`, {
    hint: HINTS[mode === 'caller' && actor.key.taskId !== null ? 'task' : mode](pack),
  });
}

type HeldStore = Pick<Store, 'db' | 'clock'>;

async function read(store: HeldStore, { pack, mode, actor, given, renew }: Wanted, secretsKey: string) {
  if (mode === 'caller') {
    const { taskId } = actor.key;
    if (taskId === null) return given?.reveal() ?? null;
    return readGivenCredential(store.db, { taskId, pack }, secretsKey);
  }
  const keyId = mode === 'key' ? holderOf(actor.lineage) : null;
  return presentToken(store, { accountId: actor.accountId, pack, keyId }, { renew, secretsKey });
}

/** The key that calls; for a task the key that started it, and of tasks that tasks started the first one's. */
function holderOf(lineage: Lineage): string {
  const own = lineage.find(({ taskId }) => taskId === null) ?? lineage[lineage.length - 1];
  if (own === undefined) throw new Error('a caller without a key');
  return own.id;
}

const WHO: Record<HeldMode, string> = { account: 'this account', key: 'this key', caller: 'this call' };

const HINTS: Record<HeldMode | 'task', (pack: string) => string> = {
  account: (pack) => `Nothing was sent. Set it: seed credentials set ${pack} --token -`,
  key: (pack) => `Nothing was sent. Set it: seed credentials set ${pack} --token - --key-id <id of the key>`,
  caller: (pack) =>
    `Nothing was sent. It comes with the call: the header ${credentialHeader(pack)}, with the CLI ${credentialSetting(pack)}.`,
  task: (pack) =>
    `Nothing was sent. Start a task that is given one: "credentials": {"${pack}": {"token": "…"}} in POST /tasks/run`,
};
