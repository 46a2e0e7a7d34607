// The commands `credentials …`: what the calls of an account, or of one of its keys, show the platforms of packs.
import { z } from 'zod';
import type { Call } from '../../command/call.ts';
import { defineCommand } from '../../command/define-command.ts';
import type { Tx } from '../../db/tables.ts';
import { inTransaction } from '../../db/transaction.ts';
import { Credential, type CredentialMode, PackName } from '../../protocol/credential.ts';
import { SeedError } from '../../protocol/errors.ts';
import { oneOfFields } from '../../protocol/one-of-fields.ts';
import { pageInput, pageOf } from '../../protocol/page.ts';
import { GivenSecret } from '../../protocol/secret-text.ts';
import { deleteCredential, type Kept, listCredentials, setCredential as set } from './stored.ts';

export interface CredentialNeeds {
  /** What they are sealed with. */
  secretsKey: string;
  /** Null: there is no such pack. */
  modeOf(pack: string): CredentialMode | null;
  /** Whether the account has the key. */
  hasKey(tx: Tx, accountId: string, keyId: string): Promise<boolean>;
}

const AnsweredCredential = z.object({ credential: Credential });

const SetInput = z
  .object({
    pack: PackName.describe('The pack whose platform it is for'),
    token: GivenSecret.optional().describe(
      'As the platform takes it; never shown again. - asks for it, or reads it from stdin',
    ),
    refreshToken: GivenSecret.optional().describe(
      'Instead of token: what the platform (OAuth 2.0) gives access tokens for, which Seed then asks for as they end',
    ),
    keyId: z
      .uuid()
      .optional()
      .describe('For the calls of this key; omitted: of the key in use, or of the account, as the pack wants it'),
    account: z
      .boolean()
      .default(false)
      .describe('For the account, or refuse where the pack wants one for each key'),
  })
  .meta(oneOfFields('token', 'refreshToken'));

export const setCredential = defineCommand({
  name: 'credentials set',
  summary: "Set what this account's calls of a pack, or one key's, show its platform; it replaces the one before",
  http: 'PUT /credentials/{pack}',
  scope: 'credentials:write',
  effect: 'write',
  transactional: true,
  input: SetInput,
  output: AnsweredCredential,
  examples: [
    'seed credentials set github --token -',
    'seed credentials set github --token - < token.txt',
    'seed credentials set github --account --refresh-token - < refresh-token.txt',
  ],
  run: (input, call, needs: CredentialNeeds) => setHeld(call, input, needs),
});

export const listHeld = defineCommand({
  name: 'credentials list',
  summary: 'List which credentials are set for the platforms of packs, newest first; never what they are',
  http: 'GET /credentials',
  scope: 'credentials:read',
  effect: 'read',
  input: z.object(pageInput),
  output: pageOf(Credential),
  columns: ['id', 'pack', 'keyId', 'updatedAt'],
  examples: ['seed credentials list'],
  run: (page, { store, actor }) => listCredentials(store.db, actor.accountId, page),
});

export const deleteHeld = defineCommand({
  name: 'credentials delete',
  summary: 'Delete a credential: calls that need it are refused from then on',
  http: 'DELETE /credentials/{id}',
  scope: 'credentials:write',
  effect: 'destructive',
  transactional: true,
  input: z.object({ id: z.uuid().describe('Id of the credential') }),
  output: AnsweredCredential,
  examples: ['seed credentials delete 56bcba9b-3f0e-4d5c-8a52-0d3d1c9a7e11'],
  run: ({ id }, { store, actor }) =>
    inTransaction(store.db, async (tx) => ({ credential: await deleteCredential(tx, actor.accountId, id) })),
});

/** @throws SeedError not_found, or conflict: the pack takes no such credential */
async function setHeld(
  { actor, creationId: id, store }: Call,
  { pack, token, refreshToken, keyId, account }: z.output<typeof SetInput>,
  { secretsKey, modeOf, hasKey }: CredentialNeeds,
): Promise<z.output<typeof AnsweredCredential>> {
  const kept = keptOf(token, refreshToken);
  const mode = modeOf(pack);
  if (mode === null)
    throw new SeedError('not_found', `there is no pack "${pack}"`, { hint: 'seed packs list shows them.' });
  if (mode === 'shared' || mode === 'caller') throw new SeedError('conflict', OF_NOBODY[mode](pack));
  const isForKey = mode === 'key';
  if (isForKey ? account : keyId !== undefined)
    throw new SeedError('conflict', `the pack "${pack}" takes one credential for each ${mode}`, {
      hint: isForKey ? 'Leave --account out, and name the key with --key-id.' : 'Leave --key-id out.',
    });
  if (isForKey && keyId === undefined && actor.key.taskId !== null)
    throw new SeedError('conflict', 'the calls of a task show the credential of the key that started it', {
      hint: 'Name that key with --key-id.',
    });
  const holder = isForKey ? (keyId ?? actor.key.id) : null;
  return inTransaction(store.db, async (tx) => {
    if (holder !== null && !(await hasKey(tx, actor.accountId, holder)))
      throw new SeedError('not_found', `there is no key ${holder}`);
    const held = { id, accountId: actor.accountId, pack, keyId: holder, kept };
    return { credential: await set(tx, held, { secretsKey, now: store.clock.now() }) };
  });
}

/** @throws SeedError invalid_input */
function keptOf(token: Secret, refreshToken: Secret): Kept {
  if (token !== undefined && refreshToken === undefined) return { token: token.reveal() };
  if (refreshToken !== undefined && token === undefined)
    return { refreshToken: refreshToken.reveal(), accessToken: null, expiresAt: null };
  throw new SeedError('invalid_input', 'give one of token and refreshToken', {
    hint: 'At a terminal --token - asks for it and does not show it.',
  });
}

type Secret = z.output<typeof GivenSecret> | undefined;

const OF_NOBODY = {
  shared: (pack: string) => `the pack "${pack}" shows its platform the server's own credential, for every caller`,
  caller: (pack: string) =>
    `the pack "${pack}" takes the caller's own credential, which is given to a task when it is started`,
};
