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

test('of a command that reads an agent is told what narrows it, where that is asked for', () => {
  const list = defineCommand({
    name: 'orders list',
    summary: 'List orders',
    http: 'GET /shops/{shop}/orders',
    scope: 'orders:read',
    effect: 'read',
    input: z.object({
      shop: z.string(),
      status: z.enum(['open', 'done']).optional(),
      late: z.boolean().default(false),
      above: z.number().optional(),
      tags: z.array(z.string()).optional(),
      owner: z.string().optional(),
      limit: z.number().optional(),
      cursor: z.string().optional(),
      beyond: z.string().optional(),
    }),
    output: z.object({}),
    run: async () => ({}),
  });
  const told = { name: 'orders list', summary: 'List orders', effect: 'read', positional: ['shop'] };
  const filters = [
    { name: 'status', choices: ['open', 'done'] },
    { name: 'late', isSwitch: true },
    { name: 'above' },
    { name: 'owner' },
  ];
  expect(toTold([list], { filters: true })).toEqual([{ ...told, filters }]);
  expect(toTold([list])).toEqual([told]);
  expect(toTold([{ ...list, effect: 'write' }], { filters: true })).toEqual([{ ...told, effect: 'write' }]);
});
