// How much there is of each product, in all warehouses together.
import { orderedBy, orderedPageInput, type PackContext, pageOf, sql, z } from 'seed/pack';
import { defineCommand, type ProductsTable, type Tables } from '../tables.ts';
import { Category } from './products.ts';

const StockItem = z.object({
  sku: z.string(),
  name: z.string(),
  category: z.string(),
  supplier: z.string(),
  discontinued: z.boolean().describe('Nothing more can be ordered of it'),
  available: z.int().describe('On hand and not reserved; below zero when too much was sold'),
  onOrder: z.int().describe('In purchase orders that are open'),
  reorderThreshold: z.int().nullable().describe('Null: nobody has set one'),
  reorderQuantity: z.int().nullable(),
  belowThreshold: z.boolean().describe('Less is available than the threshold'),
  shortfall: z.int().describe('What is missing to the threshold; 0 when nothing is'),
});

type StockRow = ProductsTable & { available: number; on_order: number };

function toItem(row: StockRow): z.input<typeof StockItem> {
  const { sku, name, category, supplier, discontinued, available } = row;
  const shortfall = Math.max(0, (row.reorder_threshold ?? available) - available);
  return {
    sku,
    name,
    category: category.toLowerCase(),
    supplier,
    discontinued,
    available,
    onOrder: row.on_order,
    reorderThreshold: row.reorder_threshold,
    reorderQuantity: row.reorder_quantity,
    belowThreshold: shortfall > 0,
    shortfall,
  };
}

function stockOf({ db, account }: PackContext<Tables>) {
  const available = sql<number>`coalesce((
    select sum(on_hand - reserved) from stock
    where stock.account_id = products.account_id and stock.sku = products.sku), 0)::integer`;
  const onOrder = sql<number>`coalesce((
    select sum(quantity) from purchase_orders o
    where o.account_id = products.account_id and o.sku = products.sku and o.status = 'open'), 0)::integer`;
  const rows = db
    .selectFrom('products')
    .selectAll()
    .select([available.as('available'), onOrder.as('on_order')])
    .where('account_id', '=', account.id);
  return db.selectFrom(rows.as('rows')).selectAll();
}

export const checkInventory = defineCommand({
  name: 'inventory check',
  summary: 'Show the stock of products against their reorder thresholds, in the order of their numbers',
  http: 'GET /inventory',
  scope: 'inventory:read',
  effect: 'read',
  reads: 'private',
  input: z.object({
    category: Category.optional(),
    belowThreshold: z.boolean().default(false).describe('Only products of which too little is available'),
    ...orderedPageInput,
  }),
  output: pageOf(StockItem),
  columns: ['sku', 'name', 'available', 'reorderThreshold', 'shortfall', 'onOrder', 'discontinued'],
  examples: [
    'seed inventory check',
    'seed inventory check --category electronics --below-threshold',
    'seed inventory check --category electronics --limit 100 --json',
  ],
  run: ({ category, belowThreshold, ...page }, ctx) => {
    let query = stockOf(ctx);
    if (category !== undefined) query = query.where(sql`lower(category)`, '=', category.toLowerCase());
    if (belowThreshold) query = query.where(sql<boolean>`available < reorder_threshold`);
    return orderedBy(query, 'sku', page, toItem);
  },
});
