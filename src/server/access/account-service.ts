// Accounts, for the operator.
import type { AccountService } from '../../command/context.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { ServerParts } from '../parts.ts';
import { insertAccount, listAccounts } from './accounts.ts';
import { createKey, mintKey } from './keys.ts';

export function accountService({ store }: ServerParts): AccountService {
  return {
    create: async ({ name }) => {
      const { secret, secretHash, prefix } = mintKey();
      const { account, key } = await inTransaction(store.db, async (tx) => {
        const account = await insertAccount(tx, { name, operator: false });
        const key = await createKey(tx, {
          accountId: account.id,
          name: 'admin',
          secretHash,
          prefix,
          scopes: ['*'],
          expiresAt: null,
        });
        return { account, key };
      });
      return { account, key, secret };
    },
    list: (page) => listAccounts(store.db, page),
  };
}
