// What was called and what it cost, summed up for people who run a platform.
import { z } from 'zod';

const Count = z.int().nonnegative();
const Usd = z.number().nonnegative().describe('US dollars');
const Milliseconds = z.int().nonnegative();

const group = {
  group: z.string().describe('Id of the key or task, name of the model or command, or the day in UTC'),
  name: z.string().nullable().describe('Of a key: its name'),
};

export const CostGroup = z
  .object({
    ...group,
    modelCalls: Count,
    inputTokens: Count,
    outputTokens: Count,
    vcpuSeconds: z.number().nonnegative(),
    llm: Usd,
    compute: Usd,
    total: Usd,
  })
  .meta({ id: 'CostGroup' });
export type CostGroup = z.infer<typeof CostGroup>;

export const RequestGroup = z
  .object({
    ...group,
    requests: Count,
    refused: Count.describe('401, 403 and 429'),
    failed: Count.describe('Other errors'),
    medianMs: Milliseconds,
    p95Ms: Milliseconds,
  })
  .meta({ id: 'RequestGroup' });
export type RequestGroup = z.infer<typeof RequestGroup>;

export const CostBy = z.enum(['key', 'model', 'day', 'task']);
export type CostBy = z.infer<typeof CostBy>;
export const RequestsBy = z.enum(['key', 'command', 'day', 'task']);
export type RequestsBy = z.infer<typeof RequestsBy>;
