// API keys of the caller's account.
import { z } from 'zod';
import { Key, KeyStatus } from '../protocol/key.ts';
import { LIMITS } from '../protocol/limits.ts';
import { pageInput, pageOf } from '../protocol/page.ts';
import { Scopes } from '../protocol/scope.ts';
import { defineCommand } from './define-command.ts';

const KeyId = z.uuid().describe('Id of the key');

export const createKey = defineCommand({
  name: 'keys create',
  summary: 'Create a key with at most the scopes of the key in use; the secret is shown once',
  http: 'POST /keys',
  scope: 'keys:write',
  effect: 'write',
  input: z.object({
    name: z.string().trim().min(1).max(LIMITS.nameLength).describe('What the key is for'),
    scopes: Scopes.min(1).describe('What the key may do, such as keys:read, tasks:* or *'),
    expiresAt: z.iso
      .datetime({ offset: true })
      .optional()
      .describe('When it stops working; omitted: with the key in use, if that expires, else never'),
  }),
  output: z.object({ key: Key, secret: z.string().describe('Shown this once; only its hash is stored') }),
  successStatus: 201,
  examples: ['seed keys create --name "nightly audit" --scopes keys:read,tasks:write'],
  run: (input, ctx) => ctx.keys.create(input),
});

export const listKeys = defineCommand({
  name: 'keys list',
  summary: 'List keys, newest first; the keys Seed mints and revokes for tasks only with --task-keys',
  http: 'GET /keys',
  scope: 'keys:read',
  effect: 'read',
  input: z.object({
    status: KeyStatus.optional().describe('Only keys of this status'),
    taskKeys: z.boolean().default(false).describe('Also the keys of tasks that Seed looks after by itself'),
    ...pageInput,
  }),
  output: pageOf(Key),
  columns: ['id', 'name', 'status', 'scopes', 'expiresAt'],
  examples: ['seed keys list', 'seed keys list --status expired --json'],
  run: (input, ctx) => ctx.keys.list(input),
});

export const getKey = defineCommand({
  name: 'keys get',
  summary: 'Show a key',
  http: 'GET /keys/{id}',
  scope: 'keys:read',
  effect: 'read',
  input: z.object({ id: KeyId }),
  output: z.object({ key: Key }),
  examples: ['seed keys get 5b1c2f0e-8f0a-4b51-9d0b-2f6f3c1a7e55'],
  run: async ({ id }, ctx) => ({ key: await ctx.keys.get(id) }),
});

export const revokeKey = defineCommand({
  name: 'keys revoke',
  summary: 'Revoke a key; calls with it fail from then on',
  http: 'POST /keys/{id}/revoke',
  scope: 'keys:write',
  effect: 'destructive',
  input: z.object({ id: KeyId }),
  output: z.object({ key: Key }),
  examples: ['seed keys revoke 5b1c2f0e-8f0a-4b51-9d0b-2f6f3c1a7e55'],
  run: async ({ id }, ctx) => ({ key: await ctx.keys.revoke(id) }),
});
