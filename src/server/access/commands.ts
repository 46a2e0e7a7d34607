// The commands of access: API keys of the caller's account, who calls, accounts, and the audit log.
import { z } from 'zod';
import { defineCommand } from '../../command/define-command.ts';
import { Account, AccountModels, AccountName } from '../../protocol/account.ts';
import { AuditEntry, AuditFilter } from '../../protocol/audit.ts';
import { SeedError } from '../../protocol/errors.ts';
import { Key, KeyCreation, KeyFilter, KeyRotation, KeyUpdate, ONE_END } from '../../protocol/key.ts';
import { moreThan } from '../../protocol/one-of-fields.ts';
import { pageInput, pageOf } from '../../protocol/page.ts';
import { addAccount, updateAccount as changeAccount, findAccounts } from './accounts.ts';
import { findAudit } from './audit.ts';
import * as keys from './issue-keys.ts';
import { refuseDefaults } from './lineage.ts';

const id = z.uuid().describe('Id of the key');
const yes = z
  .boolean()
  .default(false)
  .describe('Do it also if no key of the account is left then that may do everything without limit and for ever');
const OneKey = z.object({ key: Key });
const secret = z.string().describe('Shown this once; only its hash is stored');
const notes = z
  .array(z.string())
  .describe('What is to be known of its limits, such as commands that they leave no room for');

export const createKey = defineCommand({
  name: 'keys create',
  summary: 'Create a key with at most what the key in use may do; the secret is shown once',
  http: 'POST /keys',
  scope: 'keys:write',
  effect: 'write',
  transactional: true,
  input: KeyCreation,
  creates: true,
  output: OneKey.extend({ secret, notes }),
  successStatus: 201,
  examples: [
    'seed keys create --name "nightly audit" --scopes keys:read,tasks:write',
    'seed keys create --name ci --scopes tasks:* --expires-in 7d --allowed-cidrs 10.0.0.0/8 --requests-per-minute 60',
  ],
  run: (input, call, needs: keys.KeyNeeds) => keys.create(call, input, needs),
});

export const listKeys = defineCommand({
  name: 'keys list',
  summary: 'List keys, newest first; the keys Seed mints and revokes for tasks only with --task-keys',
  http: 'GET /keys',
  scope: 'keys:read',
  effect: 'read',
  input: KeyFilter,
  output: pageOf(Key),
  columns: ['id', 'name', 'status', 'scopes', 'lastUsedAt', 'expiresAt'],
  examples: ['seed keys list', 'seed keys list --status expired --json', 'seed keys list --unused-for-days 30'],
  run: (input, call) => keys.list(call, input),
});

export const getKey = defineCommand({
  name: 'keys get',
  summary: 'Show a key',
  http: 'GET /keys/{id}',
  scope: 'keys:read',
  effect: 'read',
  input: z.object({ id }),
  output: OneKey,
  examples: ['seed keys get 5b1c2f0e-8f0a-4b51-9d0b-2f6f3c1a7e55'],
  run: async ({ id }, call) => ({ key: await keys.get(call, id) }),
});

export const updateKey = defineCommand({
  name: 'keys update',
  summary: 'Change a key: its name, labels and limits, or switch it off and on; its secret stays',
  http: 'PATCH /keys/{id}',
  scope: 'keys:write',
  effect: 'write',
  transactional: true,
  input: z.object({ id, ...KeyUpdate.shape, yes }).meta(moreThan('id', 'yes')),
  output: OneKey.extend({ notes }),
  examples: [
    'seed keys update 5b1c2f0e-8f0a-4b51-9d0b-2f6f3c1a7e55 --no-enabled',
    'seed keys update 5b1c2f0e-8f0a-4b51-9d0b-2f6f3c1a7e55 --requests-per-minute 120 --allowed-cidrs null',
  ],
  run: ({ id, yes, ...changes }, call, needs: keys.KeyNeeds) => keys.update(call, { id, yes }, changes, needs),
});

export const rotateKey = defineCommand({
  name: 'keys rotate',
  summary: 'Give a key a new secret; the one before works as well for a while. The secret is shown once',
  http: 'POST /keys/{id}/rotate',
  scope: 'keys:write',
  effect: 'write',
  transactional: true,
  input: z.object({ id, ...KeyRotation.shape, yes }).meta(ONE_END),
  creates: true,
  output: OneKey.extend({ secret }),
  examples: ['seed keys rotate 5b1c2f0e-8f0a-4b51-9d0b-2f6f3c1a7e55 --grace 1h'],
  run: ({ id, yes, ...rotation }, call, needs: keys.KeyNeeds) => keys.rotate(call, { id, yes }, rotation, needs),
});

export const revokeKey = defineCommand({
  name: 'keys revoke',
  summary: 'Revoke a key; calls with it fail from then on',
  http: 'POST /keys/{id}/revoke',
  scope: 'keys:write',
  effect: 'destructive',
  transactional: true,
  input: z.object({ id, yes }),
  output: OneKey,
  examples: ['seed keys revoke 5b1c2f0e-8f0a-4b51-9d0b-2f6f3c1a7e55'],
  run: async ({ id, yes }, call) => ({ key: await keys.revoke(call, { id, yes }) }),
});

export const createAccount = defineCommand({
  name: 'accounts create',
  summary: 'Create an account and its first key; the secret is shown once',
  http: 'POST /accounts',
  scope: 'accounts:write',
  effect: 'write',
  transactional: true,
  operatorOnly: true,
  input: z.object({
    name: AccountName.describe('What the account is called'),
    models: AccountModels.optional(),
  }),
  creates: true,
  output: z.object({ account: Account, key: Key, secret: z.string() }),
  successStatus: 201,
  examples: ['seed accounts create --name "Acme Inc"'],
  run: ({ name, models }, { store, actor }, needs: Pick<keys.KeyNeeds, 'models'>) => {
    refuseDefaults(models, actor.lineage, needs.models);
    return addAccount(store, { name, models, ...keys.makerOf(actor) });
  },
});

export const updateAccount = defineCommand({
  name: 'accounts update',
  summary: 'Change an account: its name, and the models of its tasks that name none',
  http: 'PATCH /accounts/{id}',
  scope: 'accounts:write',
  effect: 'write',
  transactional: true,
  operatorOnly: true,
  input: z
    .object({
      id: z.uuid().describe('Id of the account'),
      name: AccountName.optional().describe('What the account is called'),
      models: AccountModels.optional(),
    })
    .meta(moreThan('id')),
  output: z.object({ account: Account }),
  examples: ['seed accounts update 5b1c2f0e-8f0a-4b51-9d0b-2f6f3c1a7e55 --models my-model,scripted'],
  run: async ({ id: account, name, models }, { store, actor }, needs: Pick<keys.KeyNeeds, 'models'>) => {
    refuseDefaults(models, actor.lineage, needs.models);
    return { account: await changeAccount(store, account, { name, models }) };
  },
});

export const listAccounts = defineCommand({
  name: 'accounts list',
  summary: 'List the accounts of this Seed, newest first',
  http: 'GET /accounts',
  scope: 'accounts:read',
  effect: 'read',
  operatorOnly: true,
  input: z.object(pageInput),
  output: pageOf(Account),
  columns: ['id', 'name', 'operator', 'createdAt'],
  examples: ['seed accounts list'],
  run: (input, { store }) => findAccounts(store.db, input),
});

export const whoami = defineCommand({
  name: 'whoami',
  summary: 'Show the account and the scopes of the key in use',
  http: 'GET /whoami',
  scope: null,
  effect: 'read',
  input: z.object({}),
  output: z.object({ account: z.object({ id: z.uuid(), name: z.string(), operator: z.boolean() }), key: Key }),
  examples: ['seed whoami'],
  run: async (_input, { actor }) => ({
    account: { id: actor.accountId, name: actor.accountName, operator: actor.operator },
    key: actor.key,
  }),
});

const { limit, cursor, ...filters } = AuditFilter.shape;

/** Calls that named no known key belong to the operator. */
export const listAudit = defineCommand({
  name: 'audit list',
  summary: 'List who did what, newest first: every call that changes something, and every refused one',
  http: 'GET /audit',
  scope: 'audit:read',
  effect: 'read',
  input: z.object({
    ...filters,
    unknownKeys: z
      .boolean()
      .default(false)
      .describe('Instead: calls that named no known key; for the operator of this Seed'),
    limit,
    cursor,
  }),
  output: pageOf(AuditEntry),
  columns: ['at', 'outcome', 'command', 'keyName', 'address', 'code', 'calls', 'target'],
  examples: [
    'seed audit list --since 24h',
    'seed audit list --outcome refused',
    'seed audit list --command "keys revoke"',
  ],
  run: ({ unknownKeys, ...filter }, { actor, store }) => {
    if (unknownKeys && !actor.operator)
      throw new SeedError('operator_only', 'calls without a known key are for the operator of this Seed');
    return findAudit(store.db, unknownKeys ? null : actor.accountId, filter, store.clock.now());
  },
});
