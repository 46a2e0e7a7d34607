// API keys of the caller's account.
import { z } from 'zod';
import { defineCommand } from '../../command/define-command.ts';
import { Key, KeyCreation, KeyFilter, KeyRotation, KeyUpdate } from '../../protocol/key.ts';
import { pageOf } from '../../protocol/page.ts';
import * as keys from './issue-keys.ts';

const id = z.uuid().describe('Id of the key');
const yes = z
  .boolean()
  .default(false)
  .describe('Do it also if no key of the account is left then that may do everything without limit and for ever');
const OneKey = z.object({ key: Key });
const SecretAnswer = OneKey.extend({ secret: z.string().describe('Shown this once; only its hash is stored') });

export const createKey = defineCommand({
  name: 'keys create',
  summary: 'Create a key with at most what the key in use may do; the secret is shown once',
  http: 'POST /keys',
  scope: 'keys:write',
  effect: 'write',
  transactional: true,
  input: KeyCreation,
  creates: true,
  output: SecretAnswer,
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
  input: z.object({ id, ...KeyUpdate.shape, yes }),
  output: OneKey,
  examples: [
    'seed keys update 5b1c2f0e-8f0a-4b51-9d0b-2f6f3c1a7e55 --no-enabled',
    'seed keys update 5b1c2f0e-8f0a-4b51-9d0b-2f6f3c1a7e55 --requests-per-minute 120 --allowed-cidrs null',
  ],
  run: async ({ id, yes, ...changes }, call, needs: keys.KeyNeeds) => ({
    key: await keys.update(call, { id, yes }, changes, needs),
  }),
});

export const rotateKey = defineCommand({
  name: 'keys rotate',
  summary: 'Give a key a new secret; the one before works as well for a while. The secret is shown once',
  http: 'POST /keys/{id}/rotate',
  scope: 'keys:write',
  effect: 'write',
  transactional: true,
  input: z.object({ id, ...KeyRotation.shape, yes }),
  creates: true,
  output: SecretAnswer,
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
