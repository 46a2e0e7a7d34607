// What products cost a customer. No task about stock needs the scopes of these.
import { z } from 'seed/pack';
import { defineCommand, noProduct } from '../tables.ts';
import { Sku } from './products.ts';

const Price = z.object({ sku: z.string(), price: z.number().describe('US dollars') });

export const getPrice = defineCommand({
  name: 'pricing get',
  summary: 'Show the price of a product',
  http: 'GET /pricing/{sku}',
  scope: 'pricing:read',
  effect: 'read',
  reads: 'public',
  input: z.object({ sku: Sku }),
  output: z.object({ price: Price }),
  examples: ['seed pricing get EL-1003'],
  run: async ({ sku }, { db, account }) => {
    const row = await db
      .selectFrom('products')
      .select('price_cents')
      .where('account_id', '=', account.id)
      .where('sku', '=', sku)
      .executeTakeFirst();
    if (!row) throw noProduct(sku);
    return { price: { sku, price: row.price_cents / 100 } };
  },
});

export const setPrice = defineCommand({
  name: 'pricing set',
  summary: 'Change the price of a product; customers see it at once',
  http: 'PUT /pricing/{sku}',
  scope: 'pricing:write',
  effect: 'write',
  input: z.object({
    sku: Sku,
    price: z.number().min(0.01).max(100_000).multipleOf(0.01).describe('US dollars'),
  }),
  output: z.object({ price: Price }),
  examples: ['seed pricing set EL-1003 --price 24.90'],
  run: async ({ sku, price }, { db, account }) => {
    const row = await db
      .updateTable('products')
      .set({ price_cents: Math.round(price * 100) })
      .where('account_id', '=', account.id)
      .where('sku', '=', sku)
      .returning('price_cents')
      .executeTakeFirst();
    if (!row) throw noProduct(sku);
    return { price: { sku, price: row.price_cents / 100 } };
  },
});
