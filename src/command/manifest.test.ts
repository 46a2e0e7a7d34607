import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineCommand } from './define-command.ts';
import { toTold } from './manifest.ts';

test('an agent is told what a command needs beside what stands in its path, and nothing where it needs nothing', () => {
  const setPrice = defineCommand({
    name: 'pricing set',
    summary: 'Set a price',
    http: 'PUT /prices/{sku}',
    scope: 'pricing:write',
    effect: 'write',
    input: z.object({
      sku: z.string(),
      price: z.number(),
      currency: z.string().default('EUR'),
      why: z.string().optional(),
    }),
    output: z.object({}),
    run: async () => ({}),
  });
  const told = { name: 'pricing set', summary: 'Set a price', effect: 'write', positional: ['sku'] };
  expect(toTold([setPrice])).toEqual([{ ...told, required: ['price'] }]);
  expect(toTold([{ ...setPrice, input: z.object({ sku: z.string() }) }])).toEqual([told]);
});
