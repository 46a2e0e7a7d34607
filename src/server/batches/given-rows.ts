// The rows that a batch is made with, one after the other as they are read: those of the request, or of its one
// file, which is never whole in memory. What is wrong with one row is told with it; what makes all of them
// unreadable is thrown. Called by make.ts.
import { createReadStream } from 'node:fs';
import type { BatchCreation, RowInput } from '../../protocol/batch.ts';
import { BATCH_LIMITS } from '../../protocol/batch-limits.ts';
import { SeedError } from '../../protocol/errors.ts';
import { isReceived, type ReceivedFile } from '../../protocol/file.ts';
import { csvRows } from './csv-rows.ts';
import type { GivenRow } from './given-row.ts';
import { jsonlRows } from './jsonl-rows.ts';

export interface GivenRows {
  /** The name of their file. */
  source: string | null;
  rows: AsyncIterable<GivenRow>;
}

/** @throws SeedError invalid_input where there are none, or too many places that have them */
export function givenRows({
  rows,
  files,
  delimiter,
}: Pick<BatchCreation, 'rows' | 'files' | 'delimiter'>): GivenRows {
  const [file] = files.filter(isReceived);
  if (rows !== undefined && file !== undefined)
    throw new SeedError('invalid_input', 'rows and files both have rows: give one of them');
  if (rows !== undefined) return { source: null, rows: numbered(rows) };
  if (file !== undefined) return { source: file.name, rows: fileRows(file, delimiter) };
  throw new SeedError('invalid_input', 'there are no rows', {
    hint: 'Give them in "rows", or one file: --file customers.csv',
  });
}

async function* numbered(rows: readonly RowInput[]): AsyncIterable<GivenRow> {
  for (const [index, input] of rows.entries()) yield { number: index + 1, input, problem: null };
}

function fileRows({ name, type, content }: ReceivedFile, delimiter: string | undefined): AsyncIterable<GivenRow> {
  const form = formOf(name, type);
  if (form === 'jsonl') return jsonlRows(decoded(name, content.path));
  return csvRows(decoded(name, content.path), { name, delimiter: delimiter ?? (form === 'tsv' ? '\t' : ',') });
}

function formOf(name: string, type = ''): 'csv' | 'tsv' | 'jsonl' {
  if (/\.(jsonl|ndjson)$/i.test(name) || /^application\/(jsonl|x-ndjson)/.test(type)) return 'jsonl';
  if (/\.tsv$/i.test(name) || type.startsWith('text/tab-separated-values')) return 'tsv';
  if (/\.csv$/i.test(name) || type.startsWith('text/csv')) return 'csv';
  throw new SeedError('invalid_input', `files: "${name}" is neither .csv, .tsv nor .jsonl`, {
    hint: 'A spreadsheet saves its table as "CSV UTF-8". The rows of a JSON list go into "rows".',
  });
}

/** UTF-8, with or without a byte order mark; UTF-16 with one. @throws SeedError invalid_input for anything else */
async function* decoded(name: string, path: string): AsyncIterable<string> {
  let decoder: InstanceType<typeof TextDecoder> | null = null;
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      decoder ??= new TextDecoder(encodingOf(chunk), { fatal: true });
      yield decoder.decode(chunk, { stream: true });
    }
    if (decoder !== null) yield decoder.decode();
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new SeedError('invalid_input', `files: "${name}" is no UTF-8`, {
      hint: 'Save it as UTF-8; spreadsheets call that "CSV UTF-8".',
      cause,
    });
  }
}

function encodingOf([first, second]: Buffer): string {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
}

/** @throws SeedError invalid_input */
export function refuseTooMany(number: number): void {
  if (number <= BATCH_LIMITS.batchRows) return;
  throw new SeedError('invalid_input', `there are more than ${BATCH_LIMITS.batchRows} rows`, {
    hint: 'Make several batches of them.',
  });
}
