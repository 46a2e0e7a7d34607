// A whole Seed in a throw-away folder for `npm run eval`, with the example packs, its database at hand, and a new
// account with the same rows for every run. Called by the eval and by its end-to-end test.
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CompiledQuery } from 'kysely';
import { pack as commerce } from '../../examples/packs/commerce/pack.ts';
import { pack as crm } from '../../examples/packs/crm/pack.ts';
import { pack as devops } from '../../examples/packs/devops/pack.ts';
import { pack as healthcare } from '../../examples/packs/healthcare/pack.ts';
import { startAllInOne } from '../../src/all-in-one.ts';
import { startEmbeddedPostgres } from '../../src/db/embedded/start-embedded.ts';
import { openStore, type Store } from '../../src/db/store.ts';
import { wholeEnvironment } from '../../src/lib/env.ts';
import { generateKeySecret } from '../../src/lib/key-secret.ts';
import { createLog } from '../../src/lib/log.ts';
import { cacheDirSetting, dataDirSetting } from '../../src/lib/settings.ts';
import { SeedError } from '../../src/protocol/errors.ts';
import { openPackTables } from '../../src/server/packs/tables.ts';

const PACKS = { commerce, crm, devops, healthcare };
export type PackName = keyof typeof PACKS;
export type Row = Record<string, unknown>;

/** An account of one run, with the key that posts the task. */
export interface Account {
  id: string;
  keyId: string;
  secret: string;
}

export interface World extends AsyncDisposable {
  /** The first model that is used where none is named. */
  defaultModel: string;
  /** Rows of a statement on Seed's own database. */
  query(statement: string, values?: readonly unknown[]): Promise<Row[]>;
  /** A new account with the sample rows of these packs. */
  newAccount(packs: readonly PackName[]): Promise<Account>;
  /** The body of a REST answer. @throws SeedError with the server's own words */
  call<Body>(account: Account, method: string, path: string, body?: unknown): Promise<Body>;
  /** The same as it comes, for what is no JSON. */
  text(account: Account, path: string): Promise<string>;
}

/** @param environment for the server, such as SEED_LLM_BASE_URL; the rest is this process's own */
export async function startWorld(environment: NodeJS.ProcessEnv = {}): Promise<World> {
  await using undo = new AsyncDisposableStack();
  const log = createLog('eval', 'error');
  await mkdir(dataDirSetting(), { recursive: true });
  const dataDir = await mkdtemp(join(dataDirSetting(), 'eval-'));
  // Processes that were killed may take a moment to let go of their files.
  undo.defer(() => rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));
  const postgres = await startEmbeddedPostgres({ dataDir, log });
  undo.defer(() => postgres.stop());
  const { databaseUrl } = postgres;
  const adminKey = generateKeySecret();
  const seed = await startAllInOne({
    SEED_LOG_LEVEL: 'error',
    ...wholeEnvironment(),
    SEED_CACHE_DIR: cacheDirSetting(),
    SEED_DATA_DIR: dataDir,
    SEED_ADMIN_KEY: adminKey,
    SEED_PACKS: Object.keys(PACKS)
      .map((name) => `examples/${name}`)
      .join(),
    DATABASE_URL: databaseUrl,
    PORT: '0',
    ...environment,
  });
  undo.defer(() => seed.stop());
  const store = await openStore({ databaseUrl, log });
  undo.defer(() => store.close());
  const parts = undo.move();
  return {
    defaultModel: seed.model,
    query: async (statement, values = []) =>
      (await store.db.executeQuery<Row>(CompiledQuery.raw(statement, [...values]))).rows,
    newAccount: (packs) => newAccount({ url: seed.url, adminKey, store }, packs),
    call: async <Body>(account: Account, method: string, path: string, body?: unknown) =>
      (await (await request(seed.url, account.secret, method, path, body)).json()) as Body,
    text: async ({ secret }, path) => (await request(seed.url, secret, 'GET', path)).text(),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

async function newAccount(
  { url, adminKey, store }: { url: string; adminKey: string; store: Store },
  packs: readonly PackName[],
): Promise<Account> {
  const answer = await request(url, adminKey, 'POST', '/accounts', {
    name: `eval ${randomUUID()}`,
  });
  const { account, key, secret } = (await answer.json()) as Record<string, { id: string }> & { secret: string };
  const accountId = account?.id ?? '';
  for (const name of packs) {
    await openPackTables(name, store).asOwner(store.db, async (db) => {
      await PACKS[name].samples?.({ accountId, db: db as never, now: store.clock.now() });
    });
  }
  return { id: accountId, keyId: key?.id ?? '', secret };
}

async function request(url: string, key: string, method: string, path: string, body?: unknown): Promise<Response> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (response.ok) return response;
  throw new SeedError('internal', `${method} ${path} answered ${response.status}: ${await response.text()}`);
}
