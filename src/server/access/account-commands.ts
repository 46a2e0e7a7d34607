// Accounts, for the operator of this Seed only; and who the caller is.
import { z } from 'zod';
import { defineCommand } from '../../command/define-command.ts';
import { Account, AccountName } from '../../protocol/account.ts';
import { Key } from '../../protocol/key.ts';
import { pageInput, pageOf } from '../../protocol/page.ts';
import { addAccount, findAccounts } from './accounts.ts';

export const createAccount = defineCommand({
  name: 'accounts create',
  summary: 'Create an account and its first key; the secret is shown once',
  http: 'POST /accounts',
  scope: 'accounts:write',
  effect: 'write',
  transactional: true,
  operatorOnly: true,
  input: z.object({ name: AccountName.describe('What the account is called') }),
  creates: true,
  output: z.object({ account: Account, key: Key, secret: z.string() }),
  successStatus: 201,
  examples: ['seed accounts create --name "Acme Inc"'],
  run: ({ name }, { store }) => addAccount(store, name),
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
