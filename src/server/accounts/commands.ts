// What happens to a whole account: its deletion, by the operator, and its export, by its own key or the operator's.
import { z } from 'zod';
import { defineCommand } from '../../command/define-command.ts';
import { AccountDeletion } from '../../protocol/account-deletion.ts';
import { beginDeletion, told } from './deletions.ts';

const id = z.uuid().describe('Id of the account');
const OneDeletion = z.object({ deletion: AccountDeletion });
const EXAMPLE = '5b1c2f0e-8f0a-4b51-9d0b-2f6f3c1a7e55';

export const deleteAccount = defineCommand({
  name: 'accounts delete',
  summary: 'Delete an account with all it has: its keys end at once, its tasks stop, and nothing can be had back',
  http: 'POST /accounts/{id}/delete',
  scope: 'accounts:write',
  effect: 'destructive',
  transactional: true,
  operatorOnly: true,
  input: z.object({ id, confirm: z.string().max(1_000).describe('The name of the account, to be sure') }),
  output: OneDeletion,
  successStatus: 202,
  examples: [`seed accounts delete ${EXAMPLE} --confirm "Acme Inc"`],
  run: async (input, call) => ({ deletion: await beginDeletion(call, input) }),
});

export const getDeletion = defineCommand({
  name: 'accounts deletion',
  summary: 'Show how far the deletion of an account is, and the sums of its bill that stay',
  http: 'GET /accounts/{id}/deletion',
  scope: 'accounts:read',
  effect: 'read',
  operatorOnly: true,
  input: z.object({ id }),
  output: OneDeletion,
  examples: [`seed accounts deletion ${EXAMPLE}`],
  run: async ({ id: account }, { store }) => ({ deletion: await told(store.db, account) }),
});
