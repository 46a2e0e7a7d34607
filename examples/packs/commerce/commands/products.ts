// What is sold.
import { orderedBy, orderedPageInput, pageOf, sql, z } from 'seed/pack';
import { defineCommand, noProduct, type ProductsTable } from '../tables.ts';

export const Sku = z.string().min(1).max(40).describe('Number of the product, such as EL-1003');
export const Category = z.string().trim().min(1).max(60).describe('Only products of this category');

const Product = z.object({
  sku: z.string(),
  name: z.string(),
  category: z.string(),
  supplier: z.string(),
  discontinued: z.boolean(),
});

const toProduct = ({ sku, name, category, supplier, discontinued }: ProductsTable) => ({
  sku,
  name,
  category: category.toLowerCase(),
  supplier,
  discontinued,
});

export const listProducts = defineCommand({
  name: 'products list',
  summary: 'List products in the order of their numbers',
  http: 'GET /products',
  scope: 'products:read',
  effect: 'read',
  reads: 'public',
  input: z.object({ category: Category.optional(), ...orderedPageInput }),
  output: pageOf(Product),
  columns: ['sku', 'name', 'category', 'supplier', 'discontinued'],
  examples: ['seed products list --category electronics'],
  run: ({ category, ...page }, { db, account }) => {
    const all = db.selectFrom('products').selectAll().where('account_id', '=', account.id);
    const query = category === undefined ? all : all.where(sql`lower(category)`, '=', category.toLowerCase());
    return orderedBy(query, 'sku', page, toProduct);
  },
});

export const getProduct = defineCommand({
  name: 'products get',
  summary: 'Show a product',
  http: 'GET /products/{sku}',
  scope: 'products:read',
  effect: 'read',
  reads: 'public',
  input: z.object({ sku: Sku }),
  output: z.object({ product: Product }),
  examples: ['seed products get EL-1003'],
  run: async ({ sku }, { db, account }) => {
    const row = await db
      .selectFrom('products')
      .selectAll()
      .where('account_id', '=', account.id)
      .where('sku', '=', sku)
      .executeTakeFirst();
    if (!row) throw noProduct(sku);
    return { product: toProduct(row) };
  },
});
