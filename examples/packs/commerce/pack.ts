// A shop: products, stock, purchase orders; and, with scopes of their own, prices and users.
import { definePack } from 'seed/pack';
import { checkInventory } from './commands/inventory.ts';
import { getPrice, setPrice } from './commands/pricing.ts';
import { getProduct, listProducts } from './commands/products.ts';
import { createPurchaseOrder, listPurchaseOrders } from './commands/purchase-orders.ts';
import { listUsers, removeUser } from './commands/users.ts';
import { reorder } from './reorder.ts';
import { writeSamples } from './samples.ts';
import type { Tables } from './tables.ts';

export const pack = definePack<Tables>({
  name: 'commerce',
  title: 'Shop',
  commands: [
    listProducts,
    getProduct,
    checkInventory,
    listPurchaseOrders,
    createPurchaseOrder,
    getPrice,
    setPrice,
    listUsers,
    removeUser,
  ],
  samples: writeSamples,
  templates: [
    {
      title: 'Reorder what runs low',
      instruction: reorder.example,
      scopes: ['inventory:read', 'purchase-orders:write'],
    },
  ],
  playbooks: [reorder],
});
