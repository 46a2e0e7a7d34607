// Calls of the sample Seed that wait for a person, one that was denied, and the key with limits that asks.
import { SeedError } from '../../src/protocol/errors.ts';

const BUYER = {
  name: 'buyer',
  scopes: ['products:read', 'purchase-orders:write', 'keys:write'],
  limits: [
    {
      command: 'purchase-orders create',
      input: { properties: { quantity: { maximum: 50 } } },
      sum: { '/quantity': 200 },
      per: 'day',
      else: 'ask',
    },
  ],
  approval: { effects: ['destructive'], wait: 86_400_000 },
};

export async function askForApprovals(url: string, adminKey: string): Promise<void> {
  const post = async (path: string, body: object, key = adminKey) => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new SeedError('setup_failed', `${path} answered ${response.status}`);
    return (await response.json()) as { key: { id: string }; secret: string; approval: { id: string } };
  };
  const { secret } = await post('/keys', BUYER);
  const old = await post('/keys', { name: 'old importer', scopes: ['contacts:read'] });
  const order = (sku: string, quantity: number) => post(`/products/${sku}/purchase-orders`, { quantity }, secret);
  const denied = await order('EL-1002', 900);
  const message = 'Sold out by spring: not more than 300';
  await post(`/approvals/${denied.approval.id}/deny`, { message });
  await post(`/keys/${old.key.id}/revoke`, {}, secret);
  await order('EL-1003', 120);
}
