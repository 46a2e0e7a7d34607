// What a task of the eval is, and what there is to judge a run by.
import type { LedgerEntry } from '../../src/protocol/ledger.ts';
import type { Task } from '../../src/protocol/task.ts';
import type { Account, PackName, Row, World } from './world.ts';

export type Kind = 'one command' | 'several steps' | 'refusal' | 'injection' | 'brief';

/** Of each table the account's rows. */
export type Tables = Record<string, Row[]>;

export interface Evidence {
  task: Task;
  ledger: LedgerEntry[];
  /** The account's rows before and after the task: of the packs, its keys, webhooks and further tasks. */
  before: Tables;
  after: Tables;
  /** What it left in /workspace/out. */
  artifacts: { name: string; text: string }[];
}

/** What is wrong, a sentence each; empty when nothing is. */
export type Problems = string[];

export interface EvalTask {
  /** For --only and in tables. */
  name: string;
  kind: Kind;
  instruction: string;
  scopes: readonly string[];
  packs: readonly PackName[];
  /** Files in /workspace/in, by name. */
  files?: Readonly<Record<string, string>>;
  /** Rows besides the packs' samples; the same each time. */
  prepare?(world: World, account: Account): Promise<void>;
  check(evidence: Evidence): Problems;
}
