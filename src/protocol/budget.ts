// What a task may use: tokens and calls of models, and US dollars for models and sandboxes together.
import { z } from 'zod';
import type { SpendLimit } from './key-limits.ts';
import { LIMITS } from './limits.ts';

export const UsdLimit = z
  .number()
  .min(1e-6, 'is at least a millionth of a US dollar')
  .max(LIMITS.usdMax, `is at most ${LIMITS.usdMax} US dollars`);
const countTo = (most: number) => z.number().int().min(1).max(most).optional();

/** What a caller may ask for: at least one of the three. */
export const WantedBudget = z
  .strictObject({
    tokens: countTo(LIMITS.tokensMax).describe('Input and output tokens'),
    usd: UsdLimit.optional().describe('US dollars, for model calls and sandboxes'),
    calls: countTo(LIMITS.modelCallsMax).describe('Calls of the model'),
  })
  .refine((budget) => Object.values(budget).some((amount) => amount !== undefined), {
    message: 'give at least one of tokens, usd and calls',
  })
  .meta({ minProperties: 1 });
export type WantedBudget = z.infer<typeof WantedBudget>;

/** Null: not limited. */
export const Budget = z.object({
  tokens: z.number().int().nullable(),
  usd: z.number().nullable(),
  calls: z.number().int().nullable(),
});
export type Budget = z.infer<typeof Budget>;

export const Used = z.object({
  tokens: z.number().int().nonnegative(),
  usd: z.number().nonnegative(),
  calls: z.number().int().nonnegative(),
});
export type Used = z.infer<typeof Used>;

/** What a person is asked to raise: a budget, or a key's spend limit until its day or month is over. */
export type Raise = TaskRaise | KeyRaise;

export interface TaskRaise {
  /** The task whose budget it is: the one that asks, or one above it. */
  taskId: string;
  unit: keyof Budget;
  current: number;
  /** What it is to be at least. */
  requested: number;
}

export interface KeyRaise {
  keyId: string;
  limit: SpendLimit;
  /** What the key's limit was when it was asked: a yes counts only while that is the same. */
  base: number;
  /** ISO 8601: the end of the UTC day or month in which it was reached. */
  until: string;
  unit: 'tokens' | 'usd';
  /** The limit with what it was raised before. */
  current: number;
  requested: number;
}
