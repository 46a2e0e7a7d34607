// One row as it is read, from a request or a file.
import type { RowInput } from '../../protocol/batch.ts';

export interface GivenRow {
  /** Its place among the rows, from 1. */
  number: number;
  /** Of a row that cannot be read: nothing. */
  input: RowInput;
  /** What is wrong with it, in words; null: nothing. */
  problem: string | null;
}
