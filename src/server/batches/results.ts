// What came of a batch, every row with its input, in their order: written while it is read, some rows at a time,
// and also while the batch goes on. Called by commands.ts.
import { Readable } from 'node:stream';
import { stringify } from 'csv-stringify/sync';
import type { SentFile } from '../../command/define-command.ts';
import type { Db } from '../../db/tables.ts';
import type { BatchResult, ResultFormat } from '../../protocol/batch.ts';
import { type BatchesRow, toRow, withTasks } from './rows.ts';

/** So many rows are in memory: each has an answer of up to 256 KiB, and a value of as much. */
const TOGETHER = 50;

const TYPES: Record<ResultFormat, string> = {
  csv: 'text/csv; charset=utf-8',
  jsonl: 'application/x-ndjson',
  json: 'application/json',
};

export function resultsFile(db: Db, batch: BatchesRow, format: ResultFormat): SentFile {
  const name = `batch-${batch.id.slice(0, 8)}.${format}`;
  const write = { csv: csvOf, jsonl: jsonlOf, json: jsonOf }[format];
  return { name, type: TYPES[format], content: Readable.from(write(batch, resultsOf(db, batch.id))) };
}

async function* resultsOf(db: Db, batchId: string): AsyncIterable<BatchResult> {
  for (let after = 0; ; ) {
    const rows = await withTasks(db, batchId, after, TOGETHER)
      .select(['tasks.stdout', 'tasks.output', 'tasks.completed_at'])
      .execute();
    for (const row of rows) {
      const { stdout, output, completed_at } = row;
      yield { ...toRow(row), stdout, output, completedAt: completed_at?.toISOString() ?? null };
      after = row.number;
    }
    if (rows.length < TOGETHER) return;
  }
}

type Writer = (batch: BatchesRow, results: AsyncIterable<BatchResult>) => AsyncIterable<string>;

const jsonlOf: Writer = async function* (_, results) {
  for await (const result of results) yield `${JSON.stringify(result)}\n`;
};

const jsonOf: Writer = async function* (_, results) {
  let before = '[\n';
  for await (const result of results) {
    yield before + JSON.stringify(result);
    before = ',\n';
  }
  yield '\n]\n';
};

const OWN_COLUMNS = ['row', 'status', 'stdout', 'output', 'errorCode', 'errorMessage', 'taskId', 'attempt', 'usd'];

/** RFC 4180. A cell that a spreadsheet would reckon as a formula gets an apostrophe before it. */
const csvOf: Writer = async function* ({ columns }, results) {
  yield line([...OWN_COLUMNS, ...columns.map((name) => `input.${name}`)]);
  for await (const { input, error, ...result } of results) {
    const own = [
      ...[result.number, result.status, result.stdout, cell(result.output), error?.code, error?.message],
      ...[result.taskId, result.attempt, result.usd],
    ];
    yield line([...own, ...columns.map((name) => (Object.hasOwn(input, name) ? cell(input[name]) : ''))]);
  }
};

function line(cells: readonly unknown[]): string {
  return stringify([[...cells]], { escape_formulas: true, record_delimiter: '\r\n' });
}

/** Text as it is, all else as JSON. */
function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
