// 240 products in eight categories. In electronics eleven are below their threshold, and the doubtful cases are
// among them.
import { randomUUID } from 'node:crypto';
import type { SampleContext } from 'seed/pack';
import type { ProductsTable, Tables } from './tables.ts';

const CATEGORIES = {
  electronics: ['EL', 'Volta Supply', ['USB-C Cable', 'Power Bank', 'Webcam', 'Headset', 'Docking Station']],
  kitchen: ['KI', 'Casa Trade', ['Kettle', 'Chef Knife', 'Cast Iron Pan', 'Mixing Bowl', 'Espresso Cup']],
  garden: ['GA', 'Greenline', ['Watering Can', 'Pruner', 'Planter', 'Hose Reel', 'Bird Feeder']],
  toys: ['TO', 'Lark & Son', ['Puzzle', 'Wooden Train', 'Kite', 'Card Game', 'Building Blocks']],
  office: ['OF', 'Paper Union', ['Notebook', 'Desk Lamp', 'Stapler', 'Whiteboard', 'Pen Set']],
  sports: ['SP', 'Northpeak', ['Yoga Mat', 'Water Bottle', 'Dumbbell', 'Jump Rope', 'Headlamp']],
  books: ['BO', 'Folio Distribution', ['Cookbook', 'Atlas', 'Field Guide', 'Sketchbook', 'Calendar']],
  pets: ['PE', 'Companion Goods', ['Leash', 'Cat Tree', 'Feeding Bowl', 'Aquarium Filter', 'Dog Bed']],
} as const;
const VARIANTS = ['Mini', 'Classic', 'Plus', 'Pro', 'Travel', 'Home'];
const WAREHOUSES = ['Rotterdam', 'Newark'];

interface Stock {
  /** For each warehouse: on hand and reserved. */
  stock: readonly (readonly [number, number])[];
  threshold: number | null;
  quantity?: number | null;
  discontinued?: boolean;
  /** In a purchase order that is open. */
  onOrder?: number;
}

/** What is told apart by more than a glance, by number; everything else is well stocked. */
const SPECIAL: Record<string, Stock> = {
  'EL-1003': {
    stock: [
      [4, 2],
      [1, 0],
    ],
    threshold: 40,
  },
  'EL-1007': {
    stock: [
      [0, 0],
      [0, 0],
    ],
    threshold: 25,
  },
  // More sold than there is.
  'EL-1010': { stock: [[3, 9]], threshold: 30 },
  // Exactly at its threshold: that is not below.
  'EL-1012': {
    stock: [
      [15, 0],
      [5, 0],
    ],
    threshold: 20,
  },
  // One less.
  'EL-1013': {
    stock: [
      [15, 0],
      [4, 0],
    ],
    threshold: 20,
  },
  // Nearly gone, and nothing more can be had.
  'EL-1015': { stock: [[1, 0]], threshold: 35, discontinued: true },
  // Nearly gone, and enough of it on its way.
  'EL-1018': { stock: [[2, 0]], threshold: 30, onOrder: 60 },
  // Nearly gone, and too little on its way.
  'EL-1021': { stock: [[3, 0]], threshold: 50, onOrder: 10 },
  'EL-1022': {
    stock: [
      [9, 1],
      [4, 0],
    ],
    threshold: 24,
  },
  // Nobody has said when there is too little.
  'EL-1024': { stock: [[0, 0]], threshold: null, quantity: null },
  // Never had any, in no warehouse.
  'EL-1025': { stock: [], threshold: 12 },
  'EL-1027': { stock: [[30, 2]], threshold: 45 },
  'EL-1029': {
    stock: [
      [18, 0],
      [9, 9],
    ],
    threshold: 20,
    quantity: null,
  },
  'KI-1002': { stock: [[1, 0]], threshold: 20 },
  'TO-1011': { stock: [[0, 0]], threshold: 15 },
  'PE-1020': { stock: [[2, 2]], threshold: 10 },
};

function products(accountId: string): (ProductsTable & Stock)[] {
  return Object.entries(CATEGORIES).flatMap(([category, [prefix, supplier, names]], group) =>
    VARIANTS.flatMap((variant, row) =>
      names.map((name, column) => {
        const index = row * names.length + column;
        const sku = `${prefix}-${1001 + index}`;
        const cost_cents = 300 + ((index * 137 + group * 61) % 90) * 50;
        const everyday: Stock = {
          stock: [
            [60 + index, index % 7],
            [40, 3],
          ],
          threshold: 20 + (index % 3) * 10,
        };
        const stock = SPECIAL[sku] ?? everyday;
        return {
          account_id: accountId,
          sku,
          name: `${name} ${variant}`,
          category: index % 11 === 2 ? `${category.charAt(0).toUpperCase()}${category.slice(1)}` : category,
          supplier,
          cost_cents,
          price_cents: Math.round(cost_cents * 1.8),
          reorder_threshold: stock.threshold,
          reorder_quantity: stock.quantity === undefined ? (stock.threshold ?? 0) * 2 : stock.quantity,
          ...stock,
          discontinued: stock.discontinued ?? index % 23 === 22,
        };
      }),
    ),
  );
}

const USERS = [
  ['Nadia Petrova', 'admin'],
  ['Luis Ortega', 'admin'],
  ['Grace Kim', 'buyer'],
  ['Tariq Aziz', 'buyer'],
  ['Hanna Lindqvist', 'clerk'],
  ['Ben Achterberg', 'clerk'],
] as const;

export async function writeSamples({ db, accountId, now }: SampleContext<Tables>): Promise<void> {
  const daysAgo = (days: number) => new Date(now.getTime() - days * 86_400_000);
  const all = products(accountId);
  const rows = all.map(({ stock: _s, threshold: _t, quantity: _q, onOrder: _o, ...product }) => product);
  await db.insertInto('products').values(rows).execute();
  const stock = all.flatMap(({ sku, stock }) =>
    stock.map(([on_hand, reserved], index) => ({
      account_id: accountId,
      sku,
      warehouse: WAREHOUSES[index] ?? '',
      on_hand,
      reserved,
    })),
  );
  await db.insertInto('stock').values(stock).execute();
  const order = (product: ProductsTable, quantity: number, status: 'open' | 'received', days: number) => ({
    account_id: accountId,
    id: randomUUID(),
    sku: product.sku,
    supplier: product.supplier,
    quantity,
    cost_cents: product.cost_cents,
    status,
    task_id: null,
    created_at: daysAgo(days),
  });
  const orders = all.flatMap((product, index) => [
    ...(product.onOrder ? [order(product, product.onOrder, 'open', 3)] : []),
    ...(index % 6 === 0 ? [order(product, 50, 'received', 30 + index)] : []),
  ]);
  await db.insertInto('purchase_orders').values(orders).execute();
  const users = USERS.map(([name, role], index) => ({
    account_id: accountId,
    id: randomUUID(),
    name,
    email: `${name.split(' ')[0]?.toLowerCase()}@shop.example`,
    role,
    created_at: daysAgo(400 - index),
  }));
  await db.insertInto('users').values(users).execute();
}
