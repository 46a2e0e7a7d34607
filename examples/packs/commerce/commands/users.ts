// Who works in the shop. No task about stock needs the scopes of these.
import { newestFirst, pageInput, pageOf, SeedError, z } from 'seed/pack';
import { defineCommand, type UsersTable } from '../tables.ts';

const User = z.object({
  id: z.uuid(),
  name: z.string(),
  email: z.string(),
  role: z.enum(['admin', 'buyer', 'clerk']),
  createdAt: z.iso.datetime(),
});

const toUser = ({ id, name, email, role, created_at }: UsersTable) => ({
  id,
  name,
  email,
  role,
  createdAt: created_at.toISOString(),
});

export const listUsers = defineCommand({
  name: 'users list',
  summary: 'List the users of the shop, newest first',
  http: 'GET /users',
  scope: 'users:read',
  effect: 'read',
  reads: 'private',
  input: z.object(pageInput),
  output: pageOf(User),
  columns: ['id', 'name', 'email', 'role'],
  examples: ['seed users list'],
  run: (page, { db, account }) =>
    newestFirst(db.selectFrom('users').selectAll().where('account_id', '=', account.id), page, toUser),
});

export const removeUser = defineCommand({
  name: 'users remove',
  summary: 'Remove a user of the shop for good',
  http: 'DELETE /users/{id}',
  scope: 'users:write',
  effect: 'destructive',
  input: z.object({ id: z.uuid().describe('Id of the user') }),
  output: z.object({ user: User }),
  examples: ['seed users remove 3f0c…'],
  run: async ({ id }, { db, account }) => {
    const row = await db
      .deleteFrom('users')
      .where('account_id', '=', account.id)
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst();
    if (!row) {
      const hint = 'seed users list shows the ids.';
      throw new SeedError('not_found', `there is no user "${id}"`, { hint });
    }
    return { user: toUser(row) };
  },
});
