// The rows of a CSV file (RFC 4180): its first line names the columns, every cell is text. Called by
// given-rows.ts.
import { pipeline, Readable } from 'node:stream';
import { CsvError, type Info, parse } from 'csv-parse';
import type { RowInput } from '../../protocol/batch.ts';
import { BATCH_LIMITS } from '../../protocol/batch-limits.ts';
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { GivenRow } from './given-row.ts';

interface CsvFile {
  /** Of the file, for messages. */
  name: string;
  delimiter: string;
}

/** @throws SeedError invalid_input: its quotes do not match, or the first line names no columns */
export async function* csvRows(text: AsyncIterable<string>, file: CsvFile): AsyncIterable<GivenRow> {
  let columns: string[] | null = null;
  let number = 0;
  for await (const { record, info } of records(text, file)) {
    if (columns === null) columns = columnsOf(record, file);
    else {
      number += 1;
      yield rowOf(columns, record, { number, line: info.lines });
    }
  }
  if (columns === null) throw invalid(file, 'it is empty');
}

type CsvRecord = { record: string[]; info: Info };

async function* records(text: AsyncIterable<string>, file: CsvFile): AsyncIterable<CsvRecord> {
  const parser = parse({
    delimiter: file.delimiter,
    info: true,
    relaxColumnCount: true,
    skipEmptyLines: true,
    // What a row takes as JSON is counted where it is checked.
    maxRecordSize: 2 * BATCH_LIMITS.batchRowBytes,
  });
  try {
    // What fails is thrown where the records are read.
    yield* pipeline(Readable.from(text), parser, () => {}) as AsyncIterable<CsvRecord>;
  } catch (error) {
    throw error instanceof CsvError ? invalid(file, whatIsWrong(error)) : error;
  }
}

function whatIsWrong({ code, message, ...error }: CsvError): string {
  const line = Number(error['lines']) || 1;
  if (code === 'CSV_QUOTE_NOT_CLOSED') return 'a quotation mark is opened and never closed';
  if (code === 'CSV_MAX_RECORD_SIZE')
    return `the row in line ${line} is too large, or a quotation mark before it is never closed`;
  if (code === 'INVALID_OPENING_QUOTE' || code === 'CSV_INVALID_CLOSING_QUOTE')
    return `line ${line}: quotation marks stand around a whole cell, and those within one are doubled`;
  return message;
}

function columnsOf(header: readonly string[], file: CsvFile): string[] {
  const columns = header.map((name) => name.trim());
  const nameless = columns.indexOf('');
  if (nameless >= 0) throw invalid(file, `its column ${nameless + 1} has no name in the first line`);
  const twice = columns.find((name, index) => columns.indexOf(name) !== index);
  if (twice !== undefined) throw invalid(file, `two of its columns are called "${twice}"`);
  const long = columns.find((name) => name.length > LIMITS.nameLength);
  const [only = ''] = columns;
  if (columns.length === 1 && file.delimiter === ',' && /[;\t|]/.test(only))
    throw invalid(file, `its first line, "${only.slice(0, LIMITS.nameLength)}", has no comma`, {
      hint: 'Say in "delimiter" what stands between its cells: ";" in most of Europe.',
    });
  if (long !== undefined)
    throw invalid(
      file,
      `a column's name is longer than ${LIMITS.nameLength} characters: its first line is to name them`,
    );
  return columns;
}

function rowOf(
  columns: readonly string[],
  cells: readonly string[],
  { number, line }: { number: number; line: number },
): GivenRow {
  const input: RowInput = Object.fromEntries(columns.map((name, index) => [name, cells[index] ?? '']));
  if (cells.length === columns.length) return { number, input, problem: null };
  const counted = `${cells.length} ${cells.length === 1 ? 'cell' : 'cells'}`;
  return { number, input, problem: `line ${line} has ${counted} and not ${columns.length}` };
}

function invalid({ name }: CsvFile, message: string, more: { hint?: string } = {}): SeedError {
  return new SeedError('invalid_input', `files: "${name}": ${message}`, more);
}
