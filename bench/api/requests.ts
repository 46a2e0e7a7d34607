// What the API answers a second over HTTP, each address beside a bare Hono route of the same Node that answers the
// same bytes, by turns. Lists in two ways: all ask for the same page, and each for another. Used by bench/api.ts.
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Store } from '../../src/db/store.ts';
import { median } from '../statistics.ts';
import type { History } from './growth.ts';
import { type Load, type Loader, startLoader } from './load.ts';
import { startBareServer, startSeedServer } from './servers.ts';

/** Each address this often, by turns. */
const TURNS = 5;
const SECONDS = 3;
/** Connections of the loader: so many posts may be done and not answered when it ends. */
const CONNECTIONS = 32;
const INSTRUCTION = 'Check our API key inventory';
/** Pages of a list that are asked for, behind the first few, where what the measurement itself does is told. */
const PAGES = 40;
const FIRST_FEW = 8;

/** Lists of the API and what they are called in the table. */
const LISTS = {
  tasks: '/api/v1/tasks?status=completed',
  keys: '/api/v1/keys?taskKeys=true',
  audit: '/api/v1/audit',
} as const;
export type Listed = keyof typeof LISTS;

/** Good answers a second: medians. */
export interface Requests {
  get: { bare: number; bareRow: number; seed: number };
  /** The same page for all, and each request another. */
  lists: Record<Listed, { bare: number; same: number; bareEach: number; each: number }>;
  post: { bare: number; seed: number };
}

export async function measureRequests(
  { store }: History,
  { databaseUrl, dataDir, secret }: { databaseUrl: string; dataDir: string; secret: string },
): Promise<Requests> {
  await using undo = new AsyncDisposableStack();
  const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
  const seed = await startSeedServer(databaseUrl, dataDir);
  undo.defer(() => seed.stop());
  const text = async (path: string) => {
    const answer = await fetch(seed.url + path, { headers });
    if (!answer.ok) throw new Error(`${path} answers ${answer.status}`);
    return answer.text();
  };
  await writeAudit(store);
  const pages: Record<Listed, Page[]> = {
    tasks: await walk(LISTS.tasks, text),
    keys: await walk(LISTS.keys, text),
    audit: await walk(LISTS.audit, text),
  };
  const [first] = JSON.parse(pages.tasks[0]?.text ?? '').items as { id: string }[];
  const one = { path: `/api/v1/tasks/${first?.id}`, text: await text(`/api/v1/tasks/${first?.id}`) };
  const all = [one, ...Object.values(pages).flat()];
  const bare = await startBareServer({ answers: all.map((page) => JSON.parse(page.text)), databaseUrl });
  undo.defer(() => bare.stop());
  const loader = startLoader();
  undo.defer(() => loader.stop());

  const bareOf = (some: readonly Page[]): Omit<Load, 'seconds'> => ({
    url: bare.url,
    paths: some.map((page) => `/answer/${all.indexOf(page)}`),
    expected: { texts: some.map((page) => page.text) },
  });
  const seedOf = (some: readonly Page[]): Omit<Load, 'seconds'> => ({
    url: seed.url,
    paths: some.map(({ path }) => path),
    headers,
    expected: { texts: some.map((page) => page.text) },
  });
  const body = JSON.stringify({ instruction: INSTRUCTION, timeout: 60_000 });
  const posting = { method: 'POST', headers, body, expected: { instruction: INSTRUCTION } } as const;
  const loads: Record<string, Omit<Load, 'seconds'>> = {
    'bare get': bareOf([one]),
    'seed get': seedOf([one]),
    'bare row': { url: bare.url, paths: [`/row/${first?.id}`], expected: { instruction: ENDED_INSTRUCTION } },
    ...Object.fromEntries(
      Object.entries(pages).flatMap(([name, some]) => [
        [`bare ${name} same`, bareOf(some.slice(0, 1))],
        [`seed ${name} same`, seedOf(some.slice(0, 1))],
        [`bare ${name} each`, bareOf(some)],
        [`seed ${name} each`, seedOf(some)],
      ]),
    ),
    'bare post': { ...posting, url: bare.url, paths: ['/insert'] },
    'seed post': { ...posting, url: seed.url, paths: ['/api/v1/tasks/run'] },
  };
  const measured = await measureByTurns(store, loader, loads);
  const list = (name: Listed) => ({
    bare: measured(`bare ${name} same`),
    same: measured(`seed ${name} same`),
    bareEach: measured(`bare ${name} each`),
    each: measured(`seed ${name} each`),
  });
  return {
    get: { bare: measured('bare get'), bareRow: measured('bare row'), seed: measured('seed get') },
    lists: { tasks: list('tasks'), keys: list('keys'), audit: list('audit') },
    post: { bare: measured('bare post'), seed: measured('seed post') },
  };
}

const ENDED_INSTRUCTION = 'Check our API key inventory and revoke any expired ones';

interface Page {
  path: string;
  text: string;
}

async function walk(path: string, text: (path: string) => Promise<string>): Promise<Page[]> {
  const pages: Page[] = [];
  let next: string | null = path;
  while (next !== null && pages.length < FIRST_FEW + PAGES) {
    const page: Page = { path: next, text: await text(next) };
    pages.push(page);
    const { items, nextCursor } = JSON.parse(page.text) as { items: unknown[]; nextCursor: string | null };
    if (items.length === 0) throw new Error(`${next} has no items`);
    next = nextCursor && `${path}${path.includes('?') ? '&' : '?'}cursor=${nextCursor}`;
  }
  return pages.slice(FIRST_FEW);
}

async function measureByTurns(store: Store, loader: Loader, loads: Record<string, Omit<Load, 'seconds'>>) {
  const names = Object.keys(loads);
  const measured = new Map(names.map((name) => [name, [] as number[]]));
  const before = await countPosts(store);
  let posted = 0;
  let posts = 0;
  for (let turn = -1; turn < TURNS; turn += 1) {
    for (const name of names) {
      const load = loads[name] as Omit<Load, 'seconds'>;
      const { perSecond, answered } = await loader.load({ ...load, seconds: turn < 0 ? 1 : SECONDS });
      if (turn >= 0) measured.get(name)?.push(perSecond);
      if (name !== 'seed post') continue;
      posted += answered;
      posts += 1;
    }
  }
  await checkPosts(store, before, { least: posted, most: posted + posts * CONNECTIONS });
  return (name: string) => median(measured.get(name) ?? []);
}

interface Posts {
  tasks: number;
  events: number;
  jobs: number;
  audited: number;
}

/**
 * What a post leaves behind: the task, its first event, its place in the queue, its line in the audit log. Not of
 * those that were claimed before, which a server gives back to the queue.
 */
async function countPosts(store: Store): Promise<Posts> {
  const { rows } = await sql<Posts>`
    with queued as materialized (select id from tasks where status = 'queued' and instruction = ${INSTRUCTION})
    select count(*)::int as tasks,
      (select count(*) from events where task_id in (select id from queued))::int as events,
      (select count(*) from pgboss.job where id in (select id from queued))::int as jobs,
      (select count(*) from audit where status = 202 and command = 'tasks run'
        and target in (select id::text from queued))::int as audited
    from queued`.execute(store.longRunning);
  return rows[0] as Posts;
}

/** Every post that was answered is there, and with all that belongs to it, also what nobody heard the answer of. */
async function checkPosts(store: Store, before: Posts, { least, most }: { least: number; most: number }) {
  const until = performance.now() + 10_000;
  for (;;) {
    const now = await countPosts(store);
    const made = Object.entries(now).map(([what, count]) => count - before[what as keyof Posts]);
    if (new Set(made).size === 1 && (made[0] ?? 0) >= least && (made[0] ?? 0) <= most) return;
    if (performance.now() > until)
      throw new Error(
        `of ${least} posts that were answered there are ${JSON.stringify(now)}, after ${JSON.stringify(before)}`,
      );
    await sleep(200);
  }
}

/** Calls as the log would have them. */
async function writeAudit(store: Store): Promise<void> {
  await sql`
    insert into audit (id, created_at, account_id, key_id, address, command, target, status, calls, request_id)
    select gen_random_uuid(), created_at, account_id, key_id, '127.0.0.1', 'tasks run', id::text, 202, 1, id
    from tasks order by created_at desc limit 2000`.execute(store.db);
}
