// What is ordered from suppliers.
import { newestFirst, pageInput, pageOf, SeedError, z } from 'seed/pack';
import { defineCommand, noProduct, type PurchaseOrdersTable } from '../tables.ts';
import { Sku } from './products.ts';

const OrderStatus = z.enum(['open', 'received', 'cancelled']);

const PurchaseOrder = z.object({
  id: z.uuid(),
  sku: z.string(),
  supplier: z.string(),
  quantity: z.int(),
  cost: z.number().describe('US dollars, of all of it'),
  status: OrderStatus,
  taskId: z.uuid().nullable().describe('The task that created it'),
  createdAt: z.iso.datetime(),
});

const toOrder = (row: PurchaseOrdersTable) => ({
  id: row.id,
  sku: row.sku,
  supplier: row.supplier,
  quantity: row.quantity,
  cost: (row.cost_cents * row.quantity) / 100,
  status: row.status,
  taskId: row.task_id,
  createdAt: row.created_at.toISOString(),
});

export const createPurchaseOrder = defineCommand({
  name: 'purchase-orders create',
  summary: "Order more of a product from its supplier, at the supplier's cost",
  http: 'POST /products/{sku}/purchase-orders',
  scope: 'purchase-orders:write',
  effect: 'write',
  creates: true,
  input: z.object({
    sku: Sku,
    quantity: z.int().min(1).max(10_000).describe('How many, 1 to 10000'),
  }),
  output: z.object({ purchaseOrder: PurchaseOrder }),
  successStatus: 201,
  examples: ['seed purchase-orders create EL-1003 --quantity 40'],
  run: async ({ sku, quantity }, { db, account, actor, clock, creationId }) => {
    const product = await db
      .selectFrom('products')
      .selectAll()
      .where('account_id', '=', account.id)
      .where('sku', '=', sku)
      .executeTakeFirst();
    if (!product) throw noProduct(sku);
    if (product.discontinued) {
      throw new SeedError('conflict', `the product "${sku}" is discontinued`, {
        hint: 'Nothing was ordered. Its supplier does not make it any more: report it instead.',
      });
    }
    const row = await db
      .insertInto('purchase_orders')
      .values({
        account_id: account.id,
        id: creationId,
        sku,
        supplier: product.supplier,
        quantity,
        cost_cents: product.cost_cents,
        status: 'open',
        task_id: actor.taskId,
        created_at: clock.now(),
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return { purchaseOrder: toOrder(row) };
  },
});

export const listPurchaseOrders = defineCommand({
  name: 'purchase-orders list',
  summary: 'List purchase orders, newest first',
  http: 'GET /purchase-orders',
  scope: 'purchase-orders:read',
  effect: 'read',
  reads: 'private',
  input: z.object({
    status: OrderStatus.optional().describe('Only orders of this status'),
    ...pageInput,
  }),
  output: pageOf(PurchaseOrder),
  columns: ['sku', 'supplier', 'quantity', 'cost', 'status', 'createdAt'],
  examples: ['seed purchase-orders list --status open'],
  run: ({ status, ...page }, { db, account }) => {
    const all = db.selectFrom('purchase_orders').selectAll().where('account_id', '=', account.id);
    return newestFirst(status === undefined ? all : all.where('status', '=', status), page, toOrder);
  },
});
