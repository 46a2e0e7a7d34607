// An API key as callers see it. The secret itself is shown once, on creation, and is not part of this object.
import { z } from 'zod';
import { UsdLimit } from './budget.ts';
import { givenGrants, toldGrants } from './grant.ts';
import { keptText } from './kept-text.ts';
import { eachKeyLimit, type KeyLimits, SPEND_LIMIT_NAMES } from './key-limits.ts';
import { LIMITS } from './limits.ts';
import { Metadata } from './metadata.ts';
import { notBoth } from './one-of-fields.ts';
import { pageInput } from './page.ts';
import { Scope, Scopes } from './scope.ts';
import { Duration, Lifetime, Moment } from './time.ts';

export const KeyStatus = z.enum(['active', 'disabled', 'expired', 'revoked']);
export type KeyStatus = z.infer<typeof KeyStatus>;

const Time = z.iso.datetime().nullable();

/** What narrows a key beyond its scopes; null: not narrowed. */
const keyLimits = eachKeyLimit((_, { kind, most, description, items }) => {
  const count = z.number().int().min(1).max(most);
  const { length = 0, examples = [] } = items ?? {};
  const text = z.string().min(1).max(length).meta({ examples });
  const schema = { count, usd: UsdLimit, list: z.array(text).min(1).max(most) }[kind];
  return schema.nullable().describe(description);
}) as unknown as { [Name in keyof KeyLimits]: z.ZodType<KeyLimits[Name]> };

const Raised = z
  .object({
    limit: z.enum(SPEND_LIMIT_NAMES),
    to: z.number().describe('What holds instead of the limit, in its unit'),
    until: z.iso.datetime().describe('When the UTC day or month is over, and the limit holds again'),
  })
  .meta({ id: 'RaisedLimit' });
export type RaisedLimit = z.infer<typeof Raised>;

/** Somebody in the platform's own login, whom a token of its issuer names. */
export const Identity = z
  .object({
    issuer: z.string(),
    subject: z.string().describe('Who it is to the issuer; stays the same'),
    name: z.string().describe('What the newest token calls them, such as their address'),
  })
  .meta({ id: 'Identity' });
export type Identity = z.infer<typeof Identity>;

export const Key = z
  .object({
    id: z.uuid(),
    name: z.string(),
    /** First characters of the secret, enough to recognise it. */
    prefix: z.string(),
    scopes: z.array(Scope),
    status: KeyStatus,
    createdAt: z.iso.datetime(),
    expiresAt: Time,
    lastUsedAt: Time.describe('Accurate to a minute'),
    rotatedAt: Time,
    previousSecretUntil: Time.describe('Until when the secret from before the last rotation works as well'),
    revokedAt: Time,
    ...keyLimits,
    raised: z.array(Raised).describe('Spend limits that a person has raised for now, for a task that asked'),
    ...toldGrants,
    tasksMayCreateLastingKeys: z
      .boolean()
      .describe('Whether keys that its tasks create may live on after the task'),
    metadata: z.record(z.string(), z.string()),
    taskId: z.uuid().nullable().describe('The task this key was minted for; null for other keys'),
    identity: Identity.nullable().describe(
      'Of one who comes by the platform’s own login, with no secret of Seed: who that is; null: a key',
    ),
  })
  .meta({ id: 'Key' });
export type Key = z.infer<typeof Key>;

/** A key, then the key that started its task, and so on. */
export type Lineage = readonly [Key, ...Key[]];

const someLimits = z.object(keyLimits).partial().shape;
const KeyName = keptText.trim().min(1).max(LIMITS.nameLength).describe('What the key is for');
const LastingKeys = z
  .boolean()
  .describe('Whether keys that its tasks create may live on after the task, as long as this key');
const Labels = Metadata.describe('Your own labels, kept with the key');
const expiresAt = Moment.optional().describe('When it stops working, instead of expiresIn');

/** Either of both says when it ends. */
export const ONE_END = notBoth('expiresIn', 'expiresAt');

/** What a key is created with. */
export const KeyCreation = z
  .object({
    name: KeyName,
    scopes: Scopes.min(1).describe('What the key may do, such as keys:read, tasks:* or *'),
    expiresIn: Lifetime.optional().describe(
      'How long it works: 12h, 30d, 8w or never; omitted: 90d, or as long as the key in use if that is less',
    ),
    expiresAt,
    ...someLimits,
    ...givenGrants,
    tasksMayCreateLastingKeys: LastingKeys.default(false),
    metadata: Labels.default({}),
  })
  .meta(ONE_END);
export type KeyCreation = z.output<typeof KeyCreation>;

/** What is undefined stays as it is. */
export const KeyUpdate = z.object({
  name: KeyName.optional(),
  enabled: z.boolean().optional().describe('Whether calls with it work; off is --no-enabled'),
  ...someLimits,
  ...givenGrants,
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
    .describe(
      'Only keys with this in their name, whose prefix or id begins so, or of whom the issuer calls so (subject)',
    ),
  // Those that are live, and those that Seed revoked at their task's end. A task key that expired unrevoked, or
  // that a key revoked, is always listed.
  taskKeys: z.boolean().default(false).describe('Also the keys of tasks that Seed looks after by itself'),
  ...pageInput,
});
export type KeyFilter = z.output<typeof KeyFilter>;
