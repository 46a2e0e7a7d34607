// The migration that brought budgets counts what was used before it.
import { readFile } from 'node:fs/promises';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { recordModelCall } from '../../src/server/spending/model-calls.ts';
import { recordUsage } from '../../src/server/tasks/end.ts';
import { modelCall } from '../fixtures/model-call.ts';
import { openTestStore } from '../fixtures/store.ts';
import { expectSumsToAgree } from '../fixtures/sums.ts';

const MIGRATION = new URL('../../src/db/migrations/0007_budgets.sql', import.meta.url);

test('tasks and keys have the sums of the rows there are, of several days', async () => {
  const seed = await openTestStore();
  try {
    const prices = { models: {}, compute: { vcpuSecond: 1, gbSecond: 1 } };
    const usage = { cpuSeconds: 1, peakMemoryBytes: 1, wallMs: 1 };
    let parent: { id: string; keyId: string } | null = null;
    for (let depth = 1; depth <= 3; depth += 1) {
      const { id } = await seed.post({
        timeoutMs: 600_000_000,
        ...(parent && { parentTaskId: parent.id, keyId: parent.keyId, billedKeyId: seed.key.id }),
      });
      const { leaseId } = await seed.lease();
      await recordModelCall(seed.store, id, modelCall());
      seed.clock.advance(86_400_000);
      await recordModelCall(seed.store, id, modelCall({ costNanoUsd: depth }));
      await recordUsage(seed.store, { taskId: id, leaseId, usage }, prices);
      const { db } = seed.store;
      const key = await db.selectFrom('keys').select('id').where('task_id', '=', id).executeTakeFirstOrThrow();
      parent = { id, keyId: key.id };
    }
    const { db } = seed.store;
    const none = { depth: 1, used_calls: 0, used_tokens: 0, used_nano_usd: 0 };
    await db.updateTable('tasks').set(none).execute();
    await db.deleteFrom('spend').execute();

    const statements = (await readFile(MIGRATION, 'utf8')).split(/;\n/);
    const counting = statements.filter((statement) => statement.trim().startsWith('with recursive'));
    expect(counting).toHaveLength(3);
    for (const statement of counting) await sql.raw(statement).execute(db);
    await expectSumsToAgree(seed.databaseUrl);
    const depths = await db.selectFrom('tasks').select('depth').orderBy('depth').execute();
    expect(depths.map(({ depth }) => depth)).toEqual([1, 2, 3]);
  } finally {
    await seed.close();
  }
});
