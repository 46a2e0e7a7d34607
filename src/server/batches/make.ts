// Makes a batch: its row and those of its inputs, each of them checked, in one transaction, which commands.ts
// says. What then goes on by itself is in keep.ts.
import { sql } from 'kysely';
import type { Actor, Call } from '../../command/call.ts';
import { storableJson } from '../../db/storable.ts';
import type { Tx } from '../../db/tables.ts';
import { notify } from '../../db/telling.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { Batch, BatchCreation, BatchReason, RowInput } from '../../protocol/batch.ts';
import { BATCH_LIMITS } from '../../protocol/batch-limits.ts';
import { SeedError } from '../../protocol/errors.ts';
import { authorityOf } from '../schedules/authority.ts';
import { toBudget } from '../spending/budget.ts';
import { type Form, formOf, problemOf } from './fill.ts';
import type { GivenRow } from './given-row.ts';
import { type GivenRows, givenRows, refuseTooMany } from './given-rows.ts';
import { toBatch } from './rows.ts';
import { type BatchNeeds, checkedWork, taskOfBatch } from './work.ts';

/** So many rows are written together, or as many as have so many characters. */
const TOGETHER = { rows: 500, length: 2 * 1024 * 1024 };

/** @throws SeedError invalid_input with the rows that are wrong and why; conflict: there are too many batches */
export async function create(call: Call, wanted: BatchCreation, needs: BatchNeeds): Promise<Batch> {
  const { actor, store, creationId: id } = call;
  refuseTask(actor, 'make');
  const given = givenRows(wanted);
  const limitsUsd = wanted.budget?.usd !== undefined;
  const { task, template, scopes } = await checkedWork(
    store.db,
    actor,
    { task: taskOfBatch(wanted), limitsUsd },
    needs,
  );
  const form = formOf(task, template);
  const budget = toBudget(wanted.budget);
  const now = store.clock.now();
  return inTransaction(store.db, async (tx) => {
    await refuseTooManyBatches(tx, actor.accountId);
    await tx
      .insertInto('batches')
      .values({
        id,
        account_id: actor.accountId,
        key_id: actor.key.id,
        authority: storableJson(authorityOf(actor, scopes)),
        name: wanted.name ?? given.source ?? nameOf(form.instruction),
        task: storableJson(task),
        fills: [...form.fills],
        attach: true,
        columns: [],
        notes: [],
        source: given.source,
        concurrency: wanted.concurrency,
        budget: budget && storableJson(budget),
        status: 'running',
        pause_reason: null,
        ...{ rows: 0, pending: 0, invalid: 0 },
        created_at: now,
        updated_at: now,
      })
      .execute();
    const { counts, columns } = await insertRows(tx, { id, form, given, skips: wanted.onInvalid === 'skip' });
    const unused = columns.filter((name) => !form.fills.includes(name));
    const attach = wanted.attach ?? unused.length === columns.length;
    const made = await tx
      .updateTable('batches')
      .set({ ...counts, columns, attach, notes: attach ? [] : notesOf(unused) })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow();
    await notify(tx, 'batches');
    return toBatch(made);
  });
}

/** What a task does ends with it, and a batch would not. */
export function refuseTask({ lineage }: Actor, what: string): void {
  if (lineage.length === 1) return;
  throw new SeedError('not_allowed', `a task cannot ${what} batches: they would outlive it`, {
    hint: 'It may read, pause and stop them, and start tasks of its own.',
  });
}

function nameOf(instruction: string): string {
  const [line = ''] = instruction.trim().split('\n');
  return line.length <= 60 ? line : `${line.slice(0, 60).toWellFormed()}…`;
}

function notesOf(unused: readonly string[]): string[] {
  if (unused.length === 0) return [];
  return [`Nothing takes ${unused.map((name) => `"${name}"`).join(', ')}: no task hears of it.`.slice(0, 1_000)];
}

async function refuseTooManyBatches(tx: Tx, accountId: string): Promise<void> {
  await tx.selectFrom('accounts').select('id').where('id', '=', accountId).forNoKeyUpdate().execute();
  const { count } = await tx
    .selectFrom('batches')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('account_id', '=', accountId)
    .where('completed_at', 'is', null)
    .executeTakeFirstOrThrow();
  const most = BATCH_LIMITS.batchesPerAccount;
  if (count < most) return;
  throw new SeedError('conflict', `${most} batches of the account go on, and there may not be more`, {
    hint: 'Wait for one to end, or stop one.',
  });
}

interface Made {
  counts: { rows: number; pending: number; invalid: number };
  /** In the order in which they are first seen. */
  columns: string[];
}

interface NewRow {
  number: number;
  input: string;
  error: string | null;
}

/** @param skips whether rows that are invalid are kept as such; otherwise they refuse all */
async function insertRows(
  tx: Tx,
  { id, form, given, skips }: { id: string; form: Form; given: GivenRows; skips: boolean },
): Promise<Made> {
  const columns = new Set<string>();
  const findings: string[] = [];
  let [rows, invalid, waiting, length] = [0, 0, [] as NewRow[], 0];
  const write = async () => {
    // What will be refused anyway is only looked at to its end.
    if (waiting.length > 0 && (skips || invalid === 0)) await insert(tx, id, waiting);
    [waiting, length] = [[], 0];
  };
  for await (const row of given.rows) {
    refuseTooMany(row.number);
    rows += 1;
    addColumns(columns, row.input);
    const problem = row.problem ?? problemOf(form, row.input);
    if (problem !== null) {
      invalid += 1;
      if (findings.length < BATCH_LIMITS.batchFindings) findings.push(`row ${row.number}: ${problem}`);
    }
    const next = newRow(row, problem);
    waiting.push(next);
    length += next.input.length;
    if (waiting.length >= TOGETHER.rows || length >= TOGETHER.length) await write();
  }
  await write();
  if (rows === 0) throw new SeedError('invalid_input', 'there are no rows');
  if (invalid === rows || (invalid > 0 && !skips)) throw refusal({ rows, invalid, findings });
  return { counts: { rows, pending: rows - invalid, invalid }, columns: [...columns] };
}

function addColumns(columns: Set<string>, input: RowInput): void {
  for (const name of Object.keys(input)) columns.add(name);
  if (columns.size <= BATCH_LIMITS.batchColumns) return;
  throw new SeedError('invalid_input', `the rows have more than ${BATCH_LIMITS.batchColumns} columns together`);
}

/** A row that is invalid is kept as it is only where that can be kept. */
function newRow({ number, input }: GivenRow, problem: string | null): NewRow {
  if (problem === null) return { number, input: JSON.stringify(input), error: null };
  const text = storableJson(input);
  const error: BatchReason = { code: 'invalid_input', message: problem };
  const isLarge = text.length > BATCH_LIMITS.batchRowBytes;
  return { number, input: isLarge ? '{}' : text, error: storableJson(error) };
}

async function insert(tx: Tx, id: string, rows: readonly NewRow[]): Promise<void> {
  const of = <Field extends keyof NewRow>(field: Field) => rows.map((row) => row[field]);
  await sql`
    insert into batch_rows (batch_id, number, input, status, error)
    select ${id}::uuid, number, input, case when error is null then 'pending' else 'invalid' end, error::jsonb
    from unnest(${of('number')}::integer[], ${of('input')}::json[], ${of('error')}::text[])
      as given (number, input, error)`.execute(tx);
}

function refusal({ rows, invalid, findings }: { rows: number; invalid: number; findings: string[] }): SeedError {
  const rest = invalid > findings.length ? ` (and ${invalid - findings.length} more)` : '';
  const told = findings.map((finding) => finding.slice(0, 300).toWellFormed()).join('; ');
  return new SeedError('invalid_input', `${invalid} of ${rows} rows are invalid: ${told}${rest}`, {
    hint:
      invalid === rows
        ? 'Nothing was made.'
        : 'Nothing was made. Mend them, or give onInvalid "skip": then they alone start no task.',
  });
}
