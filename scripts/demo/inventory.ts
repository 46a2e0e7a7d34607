// The brief's inventory: nine keys, of which five are revoked, two are task keys that expired, and two are active.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Key } from '../../src/protocol/key.ts';
import { type Connection, call, say } from './show.ts';

const REVOKED = ['old dashboard', 'ci 2024', 'ci 2025', 'load test', 'intern laptop'];
/** Named like the keys of tasks that a lost runner left behind. */
export const EXPIRED = ['task:28f48ac5', 'task:aa3517b8'];
const EXPIRES_IN_MS = 1_500;

/** The account's admin key is the second active one. */
export async function createInventory(connection: Connection): Promise<void> {
  say('Creating nine keys: five revoked, two expired, two active');
  const create = (body: object) => call<{ key: Key }>(connection, 'POST', '/keys', body);
  for (const name of REVOKED) {
    const { key } = await create({ name, scopes: ['keys:read'] });
    await call(connection, 'POST', `/keys/${key.id}/revoke`);
  }
  await create({ name: 'billing service', scopes: ['keys:read', 'tasks:write'] });
  const expiresAt = new Date(Date.now() + EXPIRES_IN_MS);
  for (const name of EXPIRED)
    await create({ name, scopes: ['keys:read'], expiresAt: expiresAt.toISOString() });
  await sleep(expiresAt.getTime() + 50 - Date.now());
}
