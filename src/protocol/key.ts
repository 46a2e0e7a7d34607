// An API key as callers see it. The secret itself is shown once, on creation, and is not part of this object.
import { z } from 'zod';
import { TokenLimit, UsdLimit } from './budget.ts';
import { LIMITS } from './limits.ts';
import { Scope } from './scope.ts';

export const KeyStatus = z.enum(['active', 'disabled', 'expired', 'revoked']);
export type KeyStatus = z.infer<typeof KeyStatus>;

/** What narrows a key beyond its scopes; null: not narrowed. */
export const keyLimits = {
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
export type SomeKeyLimits = { [Name in keyof KeyLimits]?: KeyLimits[Name] | undefined };

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
