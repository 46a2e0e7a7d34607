// The answer as a value at the end of a task: judged again, whatever was said of it before, since a sandbox brings
// it; and what it means for the end. Called by end.ts.
import type { Store } from '../../../db/store.ts';
import type { TaskRow } from '../../../db/tables.ts';
import type { AnswerSchema } from '../../../protocol/output.ts';
import type { Settlement } from '../../../protocol/runner.ts';
import type { OutputChecks } from './checks.ts';
import { verdictOn } from './verdict.ts';

/** Of an answer that came: one of the two. */
export interface Settled {
  value: AnswerSchema | null;
  problem: string | null;
}

/** A settlement whose answer was judged; null: it brings none, or nobody has asked for one. */
export type JudgedSettlement = Omit<Settlement, 'output'> & { judged?: Settled | null };

/** @throws SeedError unavailable: it cannot be checked now, and the settlement is to come again */
export async function judgedSettlement(
  { db }: Pick<Store, 'db'>,
  checks: OutputChecks,
  taskId: string,
  { output: text, ...settlement }: Settlement,
): Promise<JudgedSettlement> {
  if (text === undefined) return settlement;
  const found = await db
    .selectFrom('tasks')
    .select(['account_id', 'output_schema'])
    .where('id', '=', taskId)
    .where('lease_id', '=', settlement.leaseId)
    .executeTakeFirst();
  if (!found?.output_schema) return settlement;
  const { account_id: accountId, output_schema: schema } = found;
  const { problem } = await verdictOn(checks, { accountId, schema, text });
  return { ...settlement, judged: { value: problem === null ? JSON.parse(text) : null, problem } };
}

/** How the run ended: without the answer that was asked for it has not completed. */
export function withOutput(
  settlement: JudgedSettlement,
  { output_schema, output_error }: Pick<TaskRow, 'output_schema' | 'output_error'>,
): JudgedSettlement {
  const { outcome, judged } = settlement;
  if (output_schema === null || outcome !== 'completed' || judged?.value) return settlement;
  const why = judged?.problem ?? output_error ?? 'it gave none';
  const message = `the agent gave no answer that fits its schema: ${why}`.slice(0, MESSAGE_LENGTH);
  return { ...settlement, outcome: 'failed', error: { code: 'output_invalid', message } };
}

const MESSAGE_LENGTH = 4_000;
