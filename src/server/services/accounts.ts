// Accounts, for the operator.
import type { AccountService } from '../../commands/context.ts';
import { insertAccount, listAccounts } from '../../store/accounts.ts';
import { inTransaction } from '../../store/commit.ts';
import { createKey } from '../../store/keys.ts';
import type { ServerParts } from '../parts.ts';
import { mintKey } from './mint-key.ts';

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
