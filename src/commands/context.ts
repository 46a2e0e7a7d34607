// What a command's `run` is given: who calls, and the services it may use, already bound to the caller's account.
import type { Account } from '../protocol/account.ts';
import type { TaskEvent } from '../protocol/event.ts';
import type { Key, KeyStatus } from '../protocol/key.ts';
import type { Page } from '../protocol/page.ts';
import type { RunnerView } from '../protocol/runner.ts';
import type { RunTaskBody, Task, TaskStatus } from '../protocol/task.ts';

/** Who presents the key. */
export interface Actor {
  key: Key;
  accountId: string;
  accountName: string;
  /** The account runs this Seed and may manage accounts. */
  operator: boolean;
}

export interface PageRequest {
  limit: number;
  cursor?: string | undefined;
}

export interface AccountService {
  /** Creates an account with its first key, which has all scopes. */
  create(input: { name: string }): Promise<{ account: Account; key: Key; secret: string }>;
  list(page: PageRequest): Promise<Page<Account>>;
}

export interface KeyService {
  create(input: {
    name: string;
    scopes: string[];
    expiresAt?: string | undefined;
  }): Promise<{ key: Key; secret: string }>;
  list(filter: PageRequest & { status?: KeyStatus | undefined; taskKeys: boolean }): Promise<Page<Key>>;
  get(id: string): Promise<Key>;
  revoke(id: string): Promise<Key>;
}

export interface TaskFilter extends PageRequest {
  status?: TaskStatus | undefined;
  keyId?: string | undefined;
  createdAfter?: string | undefined;
  createdBefore?: string | undefined;
}

export interface TaskService {
  /** Accepts a task; with `waitMs` the promise resolves when it has ended or the time is over. */
  run(input: RunTaskBody, waitMs: number): Promise<Task>;
  list(filter: TaskFilter): Promise<Page<Task>>;
  get(id: string): Promise<Task>;
  stop(id: string): Promise<Task>;
  /** Past and coming events with seq > after, in order; ends after the terminal status. */
  events(id: string, after: number): Promise<AsyncIterable<TaskEvent>>;
}

export interface SandboxService {
  /** The runners heard of lately, with the tasks that run on them. */
  list(): Promise<Page<RunnerView>>;
}

export interface CommandContext {
  actor: Actor;
  /** The caller's `Prefer: wait=N` in milliseconds; 0 without. */
  waitMs: number;
  /** Aborted when the caller goes away or the server stops. */
  signal: AbortSignal;
  accounts: AccountService;
  keys: KeyService;
  tasks: TaskService;
  sandboxes: SandboxService;
}
