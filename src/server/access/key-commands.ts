// API keys of the caller's account.
import { z } from 'zod';
import { defineCommand } from '../../command/define-command.ts';
import { Key, KeyStatus, keyLimits } from '../../protocol/key.ts';
import { eachKeyLimit, type KeyLimits } from '../../protocol/key-limits.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { Metadata } from '../../protocol/metadata.ts';
import { pageInput, pageOf } from '../../protocol/page.ts';
import { Scopes } from '../../protocol/scope.ts';
import { Duration, Lifetime, Moment } from '../../protocol/time.ts';

const KeyId = z.uuid().describe('Id of the key');
const KeyName = z.string().trim().min(1).max(LIMITS.nameLength).describe('What the key is for');
const LastingKeys = z
  .boolean()
  .describe('Whether keys that its tasks create may live on after the task, as long as this key');
const ExpiresAt = Moment.optional();
const Yes = z
  .boolean()
  .default(false)
  .describe(
    'Do it also if no key of the account is left then that may do everything without limit and for ever',
  );
const Labels = Metadata.describe('Your own labels, kept with the key');
const SecretAnswer = z.object({
  key: Key,
  secret: z.string().describe('Shown this once; only its hash is stored'),
});

const limitInputs = eachKeyLimit((name) => keyLimits[name].optional()) as {
  [Name in keyof KeyLimits]: z.ZodOptional<z.ZodType<KeyLimits[Name]>>;
};

export const createKey = defineCommand({
  name: 'keys create',
  summary: 'Create a key with at most what the key in use may do; the secret is shown once',
  http: 'POST /keys',
  scope: 'keys:write',
  effect: 'write',
  transactional: true,
  input: z.object({
    name: KeyName,
    scopes: Scopes.min(1).describe('What the key may do, such as keys:read, tasks:* or *'),
    expiresIn: Lifetime.optional().describe(
      'How long it works: 12h, 30d, 8w or never; omitted: 90d, or as long as the key in use if that is less',
    ),
    expiresAt: ExpiresAt.describe('When it stops working, instead of expiresIn'),
    ...limitInputs,
    tasksMayCreateLastingKeys: LastingKeys.default(false),
    metadata: Labels.default({}),
  }),
  creates: true,
  output: SecretAnswer,
  successStatus: 201,
  examples: [
    'seed keys create --name "nightly audit" --scopes keys:read,tasks:write',
    'seed keys create --name ci --scopes tasks:* --expires-in 7d --allowed-cidrs 10.0.0.0/8 --requests-per-minute 60',
  ],
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
    unusedForDays: z
      .number()
      .int()
      .min(1)
      .max(3650)
      .optional()
      .describe('Only keys that exist and were not used for so many days'),
    q: z
      .string()
      .trim()
      .min(1)
      .max(LIMITS.nameLength)
      .optional()
      .describe('Only keys with this in their name, or whose prefix or id begins so'),
    taskKeys: z.boolean().default(false).describe('Also the keys of tasks that Seed looks after by itself'),
    ...pageInput,
  }),
  output: pageOf(Key),
  columns: ['id', 'name', 'status', 'scopes', 'lastUsedAt', 'expiresAt'],
  examples: [
    'seed keys list',
    'seed keys list --status expired --json',
    'seed keys list --unused-for-days 30',
  ],
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

export const updateKey = defineCommand({
  name: 'keys update',
  summary: 'Change a key: its name, labels and limits, or switch it off and on; its secret stays',
  http: 'PATCH /keys/{id}',
  scope: 'keys:write',
  effect: 'write',
  transactional: true,
  input: z.object({
    id: KeyId,
    name: KeyName.optional(),
    enabled: z.boolean().optional().describe('Whether calls with it work; off is --no-enabled'),
    ...limitInputs,
    tasksMayCreateLastingKeys: LastingKeys.optional(),
    metadata: Labels.optional(),
    yes: Yes,
  }),
  output: z.object({ key: Key }),
  examples: [
    'seed keys update 5b1c2f0e-8f0a-4b51-9d0b-2f6f3c1a7e55 --no-enabled',
    'seed keys update 5b1c2f0e-8f0a-4b51-9d0b-2f6f3c1a7e55 --requests-per-minute 120 --allowed-cidrs null',
  ],
  run: async ({ id, yes, ...changes }, ctx) => ({ key: await ctx.keys.update(id, changes, yes) }),
});

export const rotateKey = defineCommand({
  name: 'keys rotate',
  summary: 'Give a key a new secret; the one before works as well for a while. The secret is shown once',
  http: 'POST /keys/{id}/rotate',
  scope: 'keys:write',
  effect: 'write',
  transactional: true,
  input: z.object({
    id: KeyId,
    grace: Duration.default('24h').describe('How long the secret before works as well; 0m: not at all'),
    expiresIn: Lifetime.optional().describe(
      'How long the key works from now: 30d or never; omitted: as long as it was given last time',
    ),
    expiresAt: ExpiresAt.describe('When it stops working, instead of expiresIn'),
    yes: Yes,
  }),
  creates: true,
  output: SecretAnswer,
  examples: ['seed keys rotate 5b1c2f0e-8f0a-4b51-9d0b-2f6f3c1a7e55 --grace 1h'],
  run: ({ id, grace, yes, ...expiry }, ctx) => ctx.keys.rotate(id, grace, expiry, yes),
});

export const revokeKey = defineCommand({
  name: 'keys revoke',
  summary: 'Revoke a key; calls with it fail from then on',
  http: 'POST /keys/{id}/revoke',
  scope: 'keys:write',
  effect: 'destructive',
  transactional: true,
  input: z.object({ id: KeyId, yes: Yes }),
  output: z.object({ key: Key }),
  examples: ['seed keys revoke 5b1c2f0e-8f0a-4b51-9d0b-2f6f3c1a7e55'],
  run: async ({ id, yes }, ctx) => ({ key: await ctx.keys.revoke(id, yes) }),
});
