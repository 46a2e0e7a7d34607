// The public face for the tests of packs, imported as `seed/testing`. See docs/your-platform.md.
import { randomUUID } from 'node:crypto';
import type { Actor, Call } from '../src/command/call.ts';
import { isObject } from '../src/command/define-command.ts';
import type { Task } from '../src/protocol/task.ts';
import { insertAccount } from '../src/server/access/accounts.ts';
import { BUILT_IN } from '../src/server/built-in.ts';
import { invalidInput } from '../src/server/http/read-input.ts';
import { loadPack } from '../src/server/packs/load-packs.ts';
import { packCommands } from '../src/server/packs/pack-commands.ts';
import { openPackTables } from '../src/server/packs/tables.ts';
import { startSeed } from './fixtures/seed.ts';
import { openTestStore, type TestStore } from './fixtures/store.ts';

export { nextStep } from '../src/scripted/next-step.ts';
export { csvObjects } from './fixtures/parse-csv.ts';
export { play } from './fixtures/play.ts';
export { bash } from './fixtures/seed.ts';

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
type Answer = any;

/**
 * A pack on a database of its own, its commands called as the server would call them, without HTTP and without a
 * sandbox.
 */
export interface OpenPack extends AsyncDisposable {
  /** What the command answers. Rejects with SeedError, also for an input that its schema refuses. */
  call(command: string, input?: object): Promise<Answer>;
  /** Writes the pack's sample rows. */
  loadSamples(): Promise<void>;
  /** Rows of the pack's tables. */
  sql(statement: string): Promise<Answer[]>;
  /** The same pack as another account sees it. */
  otherAccount(): Promise<Pick<OpenPack, 'call'>>;
  /** Stands still until the test moves it. */
  clock: TestStore['clock'];
}

/** @param file the pack's pack.ts */
export async function openPack(file: URL): Promise<OpenPack> {
  const pack = await loadPack(file, BUILT_IN);
  const { migrationsFolder, name } = pack;
  const tables = migrationsFolder ? [{ name, migrationsFolder, shown: `${name}/migrations` }] : [];
  const test = await openTestStore({ packs: { tables, rowSecurity: true } });
  const commands = packCommands(pack, test.store, async () => 'credential');

  async function call(account: { id: string; name: string }, command: string, input: object): Promise<Answer> {
    const found = commands.find((candidate) => candidate.name === command);
    if (!found || !isObject(found)) throw new Error(`the pack has no command "${command}"`);
    const parsed = found.input.strict().safeParse(input);
    if (!parsed.success) throw invalidInput(parsed.error);
    return found.output.parse(await found.run(parsed.data, callOf(account, test), undefined));
  }

  return {
    clock: test.clock,
    call: (command, input = {}) => call(test.account, command, input),
    loadSamples: () =>
      openPackTables(name, test.store).asOwner(test.store.db, async (db) => {
        await pack.samples?.({ accountId: test.account.id, db, now: test.clock.now() });
      }),
    sql: (statement) => test.rows(`set search_path to pack_${name.replaceAll('-', '_')}`, statement),
    otherAccount: async () => {
      const other = await insertAccount(test.store.db, { name: 'other', operator: false });
      return { call: (command, input = {}) => call(other, command, input) };
    },
    [Symbol.asyncDispose]: () => test.close(),
  };
}

function callOf({ id, name }: { id: string; name: string }, { key, store }: TestStore): Call {
  const actor: Actor = {
    key,
    lineage: [key],
    accountId: id,
    accountName: name,
    accountModels: null,
    operator: false,
  };
  const signal = new AbortController().signal;
  return {
    actor,
    store,
    creationId: randomUUID(),
    waitMs: 0,
    traceParent: undefined,
    gone: () => signal,
    waiting: () => signal,
    recordDone: async () => undefined,
  };
}

/**
 * Runs one task in a real sandbox, on a Seed of its own with this pack and its sample rows.
 * @param task.instruction for the model `scripted`: fenced bash blocks (`bash('seed …')`), or one that a playbook
 * knows
 */
export async function testTask(pack: string, task: { instruction: string; scopes: string[] }): Promise<Task> {
  const seed = await startSeed({ SEED_PACKS: pack });
  try {
    const { status, body } = await seed.call('POST', `/api/v1/packs/${pack}/samples`);
    // A pack without samples is tested as it is.
    if (status !== 200 && status !== 409) throw new Error(JSON.stringify(body));
    return await seed.runTask(task);
  } finally {
    await seed.remove();
  }
}
