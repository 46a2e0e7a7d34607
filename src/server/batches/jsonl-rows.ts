// The rows of a file that has one JSON object a line. Called by given-rows.ts.
import { isRecord } from '../../lib/json.ts';
import { BATCH_LIMITS } from '../../protocol/batch-limits.ts';
import type { GivenRow } from './given-row.ts';

/** More than a row's JSON can be, with escapes and spaces. */
const LINE_LENGTH = 4 * BATCH_LIMITS.batchRowBytes;

export async function* jsonlRows(text: AsyncIterable<string>): AsyncIterable<GivenRow> {
  let number = 0;
  for await (const { line, content } of lines(text)) {
    if (content?.trim() === '') continue;
    number += 1;
    yield rowOf(content, { number, line });
  }
}

function rowOf(content: string | null, { number, line }: { number: number; line: number }): GivenRow {
  const unread = (problem: string) => ({ number, input: {}, problem: `line ${line} ${problem}` });
  if (content === null) return unread('is too long');
  try {
    const input: unknown = JSON.parse(content);
    return isRecord(input) ? { number, input, problem: null } : unread('is no JSON object');
  } catch {
    return unread('is no JSON');
  }
}

/** Without their ends; null for one that is too long. */
async function* lines(text: AsyncIterable<string>): AsyncIterable<{ line: number; content: string | null }> {
  let line = 1;
  let kept: string | null = '';
  for await (const chunk of text) {
    const [first = '', ...more] = chunk.split('\n');
    const rest = [first, ...more];
    for (const [index, part] of rest.entries()) {
      if (index > 0) {
        yield { line, content: kept };
        line += 1;
        kept = '';
      }
      if (kept !== null) kept = kept.length + part.length > LINE_LENGTH ? null : kept + part;
    }
  }
  yield { line, content: kept };
}
