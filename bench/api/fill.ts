// Fills a database with ended tasks and what comes with them, by SQL: a million would take hours over HTTP. Called by bench/api.ts.
import { sql } from 'kysely';
import type { Store } from '../../src/store/store.ts';

export interface Fill {
  accountId: string;
  keyId: string;
  /** How many tasks there are afterwards. */
  tasks: number;
}
