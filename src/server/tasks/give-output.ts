// An answer that an agent gives while its task runs: judged, and counted. That it is taken shows at the
// settlement, which brings it again (output/settle.ts). Called by runners/routes.ts.
import { sql } from 'kysely';
import { storableText } from '../../db/storable.ts';
import type { Store } from '../../db/store.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { GivenOutput, OutputVerdict } from '../../protocol/output.ts';
import type { OutputChecks } from './output/checks.ts';
import { verdictOn } from './output/verdict.ts';
import { type LeasedTaskId, refuseLostLease } from './rows.ts';

/** The same attempt again has the same verdict. @throws SeedError lease_lost, invalid_input, unavailable */
export async function giveOutput(
  { db }: Pick<Store, 'db'>,
  checks: OutputChecks,
  { attempt, text, problem, ...lease }: LeasedTaskId & GivenOutput,
): Promise<OutputVerdict> {
  const found = await db
    .selectFrom('tasks')
    .select(['account_id', 'lease_id', 'status', 'output_schema'])
    .where('id', '=', lease.taskId)
    .executeTakeFirst();
  const { account_id, output_schema: schema } = refuseLostLease(found, lease);
  if (schema === null) throw new SeedError('invalid_input', 'this task was not asked for an answer as a value');
  const verdict =
    text === undefined
      ? { problem: problem ?? 'it gave nothing', doubt: null }
      : await verdictOn(checks, { accountId: account_id, schema, text });
  const said = verdict.problem ?? verdict.doubt;
  await db
    .updateTable('tasks')
    .set({
      output_attempts: sql<number>`greatest(output_attempts, ${attempt})`,
      // Of the last of them, whatever comes again late.
      output_error: sql<
        string | null
      >`case when output_attempts > ${attempt} then output_error else ${said && storableText(said)} end`,
    })
    .where('id', '=', lease.taskId)
    .where('lease_id', '=', lease.leaseId)
    .execute();
  return verdict;
}
