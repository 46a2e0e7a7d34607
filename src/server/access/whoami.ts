// Who the presented key is and what it may do.
import { z } from 'zod';
import { defineCommand } from '../../command/define-command.ts';
import { Key } from '../../protocol/key.ts';

export const whoami = defineCommand({
  name: 'whoami',
  summary: 'Show the account and the scopes of the key in use',
  http: 'GET /whoami',
  scope: null,
  effect: 'read',
  input: z.object({}),
  output: z.object({
    account: z.object({ id: z.uuid(), name: z.string(), operator: z.boolean() }),
    key: Key,
  }),
  examples: ['seed whoami'],
  run: async (_input, { actor }) => ({
    account: { id: actor.accountId, name: actor.accountName, operator: actor.operator },
    key: actor.key,
  }),
});
