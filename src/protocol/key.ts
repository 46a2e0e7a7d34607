// An API key as callers see it. The secret itself is shown once, on creation, and is not part of this object.
import { z } from 'zod';
import { UsdLimit } from './budget.ts';
import { eachKeyLimit, type KeyLimits } from './key-limits.ts';
import { Scope } from './scope.ts';

export const KeyStatus = z.enum(['active', 'disabled', 'expired', 'revoked']);
export type KeyStatus = z.infer<typeof KeyStatus>;

/** What narrows a key beyond its scopes; null: not narrowed. */
export const keyLimits = eachKeyLimit((_, { kind, most, description, items }) => {
  const count = z.number().int().min(1).max(most);
  const text = z
    .string()
    .min(1)
    .max(items?.length ?? 0)
    .meta({ examples: [...(items?.examples ?? [])] });
  const schema = { count, usd: UsdLimit, list: z.array(text).min(1).max(most) }[kind];
  return schema.nullable().describe(description);
}) as unknown as { [Name in keyof KeyLimits]: z.ZodType<KeyLimits[Name]> };

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
