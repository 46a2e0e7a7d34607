// Money and budgets. Amounts are kept in billionths of a US dollar, which are whole numbers and add up exactly, and shown
// in US dollars.
import { z } from 'zod';

export const Budget = z
  .strictObject({
    tokens: z.int().min(1).max(1_000_000_000).describe('input and output tokens').optional(),
    usd: z.number().min(0.000_001).max(1_000_000).describe('US dollars, models and sandbox').optional(),
    calls: z.int().min(1).max(1_000_000).describe('calls of a model').optional(),
  })
  .describe('what the task and the tasks that it starts may spend; what is left out is not limited');
export type Budget = z.infer<typeof Budget>;

/** Where the cost of a model call comes from; `unknown`: neither the upstream nor the price table has one, and it counts as 0. */
export const CostSource = z.enum(['upstream', 'prices', 'unknown']);
export type CostSource = z.infer<typeof CostSource>;

const NANO = 1_000_000_000;

export function nanoFromUsd(usd: number): number {
  return Math.round(usd * NANO);
}

export function usdFromNano(nano: number): number {
  return nano / NANO;
}
