// The tables as kysely sees them; migrations/ makes them.
import { commandsOn, SeedError } from 'seed/pack';

export interface ProductsTable {
  account_id: string;
  sku: string;
  name: string;
  category: string;
  supplier: string;
  cost_cents: number;
  price_cents: number;
  reorder_threshold: number | null;
  reorder_quantity: number | null;
  discontinued: boolean;
}

interface StockTable {
  account_id: string;
  sku: string;
  warehouse: string;
  on_hand: number;
  reserved: number;
}

export interface PurchaseOrdersTable {
  account_id: string;
  id: string;
  sku: string;
  supplier: string;
  quantity: number;
  cost_cents: number;
  status: 'open' | 'received' | 'cancelled';
  task_id: string | null;
  created_at: Date;
}

export interface UsersTable {
  account_id: string;
  id: string;
  name: string;
  email: string;
  role: 'admin' | 'buyer' | 'clerk';
  created_at: Date;
}

export interface Tables {
  products: ProductsTable;
  stock: StockTable;
  purchase_orders: PurchaseOrdersTable;
  users: UsersTable;
}

export const defineCommand = commandsOn<Tables>();

export function noProduct(sku: string): SeedError {
  const hint = 'seed products list shows the products; seed inventory check shows their stock.';
  return new SeedError('not_found', `there is no product "${sku}"`, { hint });
}
