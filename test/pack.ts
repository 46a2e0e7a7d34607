// The public face for the tests of packs, imported as `seed/testing`. See docs/your-platform.md.
import { randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { onTestFailed } from 'vitest';
import type { Actor, Call } from '../src/command/call.ts';
import { isObject, isStream } from '../src/command/define-command.ts';
import { env } from '../src/lib/env.ts';
import { SeedError } from '../src/protocol/errors.ts';
import { allows } from '../src/protocol/scope.ts';
import type { Task } from '../src/protocol/task.ts';
import { insertAccount } from '../src/server/access/accounts.ts';
import { BUILT_IN } from '../src/server/built-in.ts';
import { invalidInput } from '../src/server/http/invalid-input.ts';
import { loadPack, refuseMissingSettings } from '../src/server/packs/load-packs.ts';
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
  /** What the command answers; a file with its `content` as a Buffer. Rejects with SeedError, also for an input that its schema refuses. */
  call(command: string, input?: object): Promise<Answer>;
  /** Writes the pack's sample rows. */
  loadSamples(): Promise<void>;
  /** Rows of the pack's tables. */
  sql(statement: string): Promise<Answer[]>;
  /** The events that commands have emitted for the account, in order. */
  events(): Promise<{ type: string; data: Answer }[]>;
  /** The same pack as another account sees it. */
  otherAccount(): Promise<Pick<OpenPack, 'call'>>;
  /** The same pack as a key with these scopes sees it: what they do not cover is refused with `missing_scope`. */
  withScopes(scopes: readonly string[]): Pick<OpenPack, 'call'>;
  /** Stands still until the test moves it. */
  clock: TestStore['clock'];
}

/**
 * @param file the pack's pack.ts
 * @param options.env the pack's settings, by the names of their variables; others are those of this process
 */
export async function openPack(
  file: URL,
  { env: given = {} }: { env?: Record<string, string> } = {},
): Promise<OpenPack> {
  const pack = await loadPack(file, BUILT_IN, (name) => given[name] ?? env(name));
  refuseMissingSettings([pack]);
  const { migrationsFolder, name } = pack;
  const tables = migrationsFolder ? [{ name, migrationsFolder, shown: `${name}/migrations` }] : [];
  const test = await openTestStore({ packs: { tables, rowSecurity: true } });
  const commands = packCommands(
    pack,
    test.store,
    async () => 'credential',
    async () => {
      throw new SeedError('not_supported', 'a test of a pack has no sandboxes: start a server for it');
    },
  );

  async function call(account: Caller, command: string, input: object): Promise<Answer> {
    const found = commands.find((candidate) => candidate.name === command);
    if (!found || isStream(found)) throw new Error(`the pack has no command "${command}"`);
    const { scopes = ['*'] } = account;
    if (found.scope !== null && !allows(scopes, found.scope))
      throw new SeedError('missing_scope', `"${command}" needs the scope ${found.scope}, which this key lacks`);
    const parsed = found.input.strict().safeParse(input);
    if (!parsed.success) throw invalidInput(parsed.error);
    if (!isObject(found)) {
      const { content, ...file } = await found.file(parsed.data, callOf(account, test), undefined);
      return { ...file, content: await buffer(typeof content === 'function' ? await content() : content) };
    }
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
    events: async () =>
      (await test.rows(
        `select type, data from webhook_events where account_id = '${test.account.id}' order by created_at, ctid`,
      )) as { type: string; data: Answer }[],
    withScopes: (scopes) => ({ call: (command, input = {}) => call({ ...test.account, scopes }, command, input) }),
    otherAccount: async () => {
      const other = await insertAccount(test.store.db, { name: 'other', operator: false });
      return { call: (command, input = {}) => call(other, command, input) };
    },
    [Symbol.asyncDispose]: () => test.close(),
  };
}

interface Caller {
  id: string;
  name: string;
  /** All unless said. */
  scopes?: readonly string[];
}

function callOf({ id, name, scopes = ['*'] }: Caller, test: TestStore): Call {
  const { store } = test;
  const key = { ...test.key, scopes: [...scopes] };
  const actor: Actor = {
    key,
    lineage: [key],
    grantors: [],
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
    via: 'key',
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
 * @param options.env more settings, such as those of the pack
 */
export async function testTask(
  pack: string,
  task: { instruction: string; scopes: string[] },
  { env: given = {} }: { env?: Record<string, string> } = {},
): Promise<Task> {
  const said: string[] = [];
  // An error inside a command is in no answer: the server's log says what it was.
  onTestFailed(() => {
    process.stderr.write(`What the server and the runner of the task have said:\n${said.join('')}\n`);
  });
  const seed = await startSeed({ SEED_PACKS: pack, ...given }, (text) => said.push(text));
  try {
    const { status, body } = await seed.call('POST', `/api/v1/packs/${pack}/samples`);
    // A pack without samples is tested as it is.
    if (status !== 200 && status !== 409) throw new Error(JSON.stringify(body));
    return await seed.runTask(task);
  } finally {
    await seed.remove();
  }
}
