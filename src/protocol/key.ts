// An API key as callers see it. The secret itself is shown once, on creation, and is not part of this object.
import { z } from 'zod';
import { TokenLimit, UsdLimit } from './budget.ts';
import { LIMITS } from './limits.ts';
import { Metadata } from './metadata.ts';
import { pageInput } from './page.ts';
import { Scope, Scopes } from './scope.ts';
import { Duration, Lifetime, Moment } from './time.ts';

export const KeyStatus = z.enum(['active', 'disabled', 'expired', 'revoked']);
export type KeyStatus = z.infer<typeof KeyStatus>;

/** What narrows a key beyond its scopes; null: not narrowed. */
const keyLimits = {
  allowedCidrs: z
    .array(
      z
        .string()
        .min(1)
        .max(50)
        .meta({ examples: ['10.0.0.0/8', '2001:db8::/32', '127.0.0.1'] }),
    )
    .min(1)
    .max(LIMITS.cidrsPerKey)
    .nullable()
    .describe('Addresses it may be used from, such as 10.0.0.0/8 or 2001:db8::/32'),
  requestsPerMinute: z
    .number()
    .int()
    .min(1)
    .max(LIMITS.requestsPerMinuteMax)
    .nullable()
    .describe('Requests a minute to one server, those of its tasks included'),
  concurrentTasks: z
    .number()
    .int()
    .min(1)
    .max(LIMITS.concurrentTasksMax)
    .nullable()
    .describe('Tasks that may be queued or running at a time'),
  allowedModels: z
    .array(
      z
        .string()
        .min(1)
        .max(200)
        .meta({ examples: ['scripted'] }),
    )
    .min(1)
    .max(LIMITS.modelsPerKey)
    .nullable()
    .describe('Models that its tasks may use'),
  spendPerDay: UsdLimit.nullable().describe('US dollars that its tasks may cost in a UTC day'),
  spendPerMonth: UsdLimit.nullable().describe('US dollars that its tasks may cost in a UTC month'),
  tokensPerDay: TokenLimit.nullable().describe('Tokens that its tasks may use in a UTC day'),
};

const KeyLimits = z.object(keyLimits);
export type KeyLimits = z.infer<typeof KeyLimits>;
/** Some of them; what is undefined is not spoken of. */
const SomeKeyLimits = KeyLimits.partial();
export type SomeKeyLimits = z.infer<typeof SomeKeyLimits>;

export const Key = z
  .object({
    id: z.uuid(),
    name: z.string(),
    /** First characters of the secret, enough to recognise it. */
    prefix: z.string(),
    scopes: z.array(Scope),
    status: KeyStatus,
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime().nullable(),
    lastUsedAt: z.iso.datetime().nullable().describe('Accurate to a minute'),
    rotatedAt: z.iso.datetime().nullable(),
    previousSecretUntil: z.iso
      .datetime()
      .nullable()
      .describe('Until when the secret from before the last rotation works as well'),
    revokedAt: z.iso.datetime().nullable(),
    ...keyLimits,
    tasksMayCreateLastingKeys: z
      .boolean()
      .describe('Whether keys that its tasks create may live on after the task'),
    metadata: z.record(z.string(), z.string()),
    taskId: z.uuid().nullable().describe('The task this key was minted for; null for other keys'),
  })
  .meta({ id: 'Key' });
export type Key = z.infer<typeof Key>;

/** A key, then the key that started its task, and so on. */
export type Lineage = readonly [Key, ...Key[]];

const KeyName = z.string().trim().min(1).max(LIMITS.nameLength).describe('What the key is for');
const LastingKeys = z
  .boolean()
  .describe('Whether keys that its tasks create may live on after the task, as long as this key');
const Labels = Metadata.describe('Your own labels, kept with the key');
const expiresAt = Moment.optional().describe('When it stops working, instead of expiresIn');

/** What a key is created with. */
export const KeyCreation = z.object({
  name: KeyName,
  scopes: Scopes.min(1).describe('What the key may do, such as keys:read, tasks:* or *'),
  expiresIn: Lifetime.optional().describe(
    'How long it works: 12h, 30d, 8w or never; omitted: 90d, or as long as the key in use if that is less',
  ),
  expiresAt,
  ...SomeKeyLimits.shape,
  tasksMayCreateLastingKeys: LastingKeys.default(false),
  metadata: Labels.default({}),
});
export type KeyCreation = z.output<typeof KeyCreation>;

/** What is undefined stays as it is. */
export const KeyUpdate = z.object({
  name: KeyName.optional(),
  enabled: z.boolean().optional().describe('Whether calls with it work; off is --no-enabled'),
  ...SomeKeyLimits.shape,
  tasksMayCreateLastingKeys: LastingKeys.optional(),
  metadata: Labels.optional(),
});
export type KeyUpdate = z.output<typeof KeyUpdate>;

export const KeyRotation = z.object({
  grace: Duration.default('24h').describe('How long the secret before works as well; 0m: not at all'),
  expiresIn: Lifetime.optional().describe(
    'How long the key works from now: 30d or never; omitted: as long as it was given last time',
  ),
  expiresAt,
});
export type KeyRotation = z.output<typeof KeyRotation>;

/** The keys of an account that a list shows. */
export const KeyFilter = z.object({
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
  // Those that are live, and those that Seed revoked at their task's end. A task key that expired unrevoked, or that a key
  // revoked, is always listed.
  taskKeys: z.boolean().default(false).describe('Also the keys of tasks that Seed looks after by itself'),
  ...pageInput,
});
export type KeyFilter = z.output<typeof KeyFilter>;
