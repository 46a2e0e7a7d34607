// The commands of the shop on a real database, without a sandbox.
import { type OpenPack, openPack } from 'seed/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let shop: OpenPack;
beforeAll(async () => {
  shop = await openPack(new URL('./pack.ts', import.meta.url));
  await shop.loadSamples();
});
afterAll(() => shop[Symbol.asyncDispose]());

const stockOf = async (sku: string) => {
  const { items } = await shop.call('inventory check', { limit: 100, category: 'electronics' });
  return items.find((item: { sku: string }) => item.sku === sku);
};

describe('inventory check', () => {
  it.each([
    ['below in two warehouses', 'EL-1003', { available: 3, shortfall: 37, belowThreshold: true }],
    ['with more sold than there is', 'EL-1010', { available: -6, shortfall: 36, belowThreshold: true }],
    ['exactly at its threshold', 'EL-1012', { available: 20, shortfall: 0, belowThreshold: false }],
    ['one below it', 'EL-1013', { available: 19, shortfall: 1, belowThreshold: true }],
    ['on order', 'EL-1018', { available: 2, onOrder: 60, belowThreshold: true }],
    ['without a threshold', 'EL-1024', { reorderThreshold: null, shortfall: 0, belowThreshold: false }],
    ['in no warehouse', 'EL-1025', { available: 0, shortfall: 12, belowThreshold: true }],
  ])('a product %s', async (_, sku, expected) => {
    expect(await stockOf(sku)).toMatchObject(expected);
  });

  it('takes a category however it is written', async () => {
    const { items } = await shop.call('inventory check', { limit: 100, category: 'ELECTRONICS' });
    expect(items).toHaveLength(30);
    expect(new Set(items.map(({ category }: { category: string }) => category))).toEqual(new Set(['electronics']));
  });

  it('finds what is below, in pages', async () => {
    const first = await shop.call('inventory check', { limit: 10, belowThreshold: true });
    const second = await shop.call('inventory check', { belowThreshold: true, cursor: first.nextCursor });
    const found = [...first.items, ...second.items].map(({ sku }) => sku);
    expect(found).toEqual([
      ...['03', '07', '10', '13', '15', '18', '21', '22', '25', '27', '29'].map((end) => `EL-10${end}`),
      'KI-1002',
      'PE-1020',
      'TO-1011',
    ]);
    expect(second.nextCursor).toBeNull();
  });
});

describe('purchase-orders create', () => {
  it("orders at the supplier's cost, and the stock shows it", async () => {
    const { purchaseOrder } = await shop.call('purchase-orders create', { sku: 'EL-1025', quantity: 24 });
    const [{ cost_cents }] = await shop.sql(`select cost_cents from products where sku = 'EL-1025'`);
    expect(purchaseOrder).toMatchObject({ sku: 'EL-1025', status: 'open', cost: (cost_cents * 24) / 100 });
    expect(await stockOf('EL-1025')).toMatchObject({ onOrder: 24 });
  });

  it.each([
    ['what is discontinued', 'EL-1015', 1, 'conflict'],
    ['what there is not', 'EL-9999', 1, 'not_found'],
    ['none', 'EL-1003', 0, 'invalid_input'],
    ['a half', 'EL-1003', 0.5, 'invalid_input'],
  ])('does not order %s', async (_, sku, quantity, code) => {
    const before = await shop.sql('select from purchase_orders');
    await expect(shop.call('purchase-orders create', { sku, quantity })).rejects.toMatchObject({ code });
    expect(await shop.sql('select from purchase_orders')).toHaveLength(before.length);
  });
});

it('changes the price of one product, and keeps cents exact', async () => {
  expect(await shop.call('pricing set', { sku: 'BO-1001', price: 19.99 })).toEqual({
    price: { sku: 'BO-1001', price: 19.99 },
  });
  expect(await shop.call('pricing get', { sku: 'BO-1001' })).toMatchObject({ price: { price: 19.99 } });
  await expect(shop.call('pricing set', { sku: 'BO-1001', price: 1.005 })).rejects.toMatchObject({
    code: 'invalid_input',
  });
});

it('removes a user once', async () => {
  const { items } = await shop.call('users list');
  const [{ id }] = items;
  await shop.call('users remove', { id });
  await expect(shop.call('users remove', { id })).rejects.toMatchObject({ code: 'not_found' });
  expect((await shop.call('users list')).items).toEqual(items.slice(1));
});

it('shows another account nothing and lets it change nothing', async () => {
  const other = await shop.otherAccount();
  for (const list of ['products list', 'inventory check', 'purchase-orders list', 'users list']) {
    expect(await other.call(list)).toEqual({ items: [], nextCursor: null });
  }
  const [{ id }] = (await shop.call('users list')).items;
  const foreign: [string, object][] = [
    ['products get', { sku: 'EL-1003' }],
    ['purchase-orders create', { sku: 'EL-1003', quantity: 1 }],
    ['pricing get', { sku: 'EL-1003' }],
    ['pricing set', { sku: 'EL-1003', price: 1 }],
    ['users remove', { id }],
  ];
  for (const [command, input] of foreign) {
    await expect(other.call(command, input)).rejects.toMatchObject({ code: 'not_found' });
  }
});
