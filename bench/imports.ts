// npm run bench -- imports: every document of the kept corpus imported together, and what that costs a start, the
// lists of commands, and a key's first tools/list over MCP.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { startEmbeddedPostgres } from '../src/db/embedded/start-embedded.ts';
import { wholeEnvironment } from '../src/lib/env.ts';
import { generateKeySecret } from '../src/lib/key-secret.ts';
import { createLog } from '../src/lib/log.ts';
import { importPack } from '../src/openapi/import-pack.ts';
import { CORPUS, hasShared, scratchFolder } from '../test/fixtures/openapi/corpus.ts';
import { median, round } from './statistics.ts';
import { printTable } from './table.ts';

const RUNS = 5;
const SERVER = fileURLToPath(new URL('./imports/server-process.ts', import.meta.url));
/** Inside the repository, so that `seed/pack` is found from there. */
const STATE = fileURLToPath(new URL('../.seed/', import.meta.url));

const ADMIN_KEY = generateKeySecret();
const SECRETS_KEY = randomBytes(32).toString('hex');

/** With all of the documents on together. */
const PROMISED_MS: Record<string, number> = { start: 5_000, 'first tools/list': 200 };

type Measured = Record<string, { ms: number; cpuMs: number; bytes?: number }>;

await mkdir(STATE, { recursive: true });
const root = await mkdtemp(join(STATE, 'bench-imports-'));
const [none, packs] = [pathToFileURL(`${root}/none/`), pathToFileURL(`${root}/packs/`)];
const log = createLog('bench', 'error');
const postgres = await startEmbeddedPostgres({ dataDir: await mkdtemp(join(tmpdir(), 'seed-bench-')), log });
try {
  await mkdir(none, { recursive: true });
  const commands = await importAll();
  const before: Measured[] = [];
  const after: Measured[] = [];
  // By turns, so that what else the machine does concerns both.
  for (let run = 0; run < RUNS; run += 1) {
    before.push(await measure(none));
    after.push(await measure(packs));
  }
  report(commands, before, after);
} finally {
  await postgres.stop();
  await rm(root, { recursive: true, force: true });
}

async function importAll(): Promise<number> {
  await using scratch = await scratchFolder();
  let commands = 0;
  for (const { name, isShared, file } of CORPUS) {
    if (isShared && !hasShared) {
      process.stderr.write(`· ${name} is left out: ../shared/openapi is not there\n`);
      continue;
    }
    const folder = new URL(`${name}/`, packs);
    const report = await importPack({ source: await file(scratch.path), name, folder });
    await writeFile(new URL('overrides.json', folder), JSON.stringify({ nouns: { '*': `${name}-*` } }));
    commands += report.commands;
  }
  return commands;
}

async function measure(folder: URL): Promise<Measured> {
  const dataDir = await mkdtemp(join(tmpdir(), 'seed-bench-'));
  const child = startProcess(dataDir);
  const ready = reply<{ url: string; readyMs: number; cpuMs: number }>(child);
  child.send({ packs: folder.href });
  const { url, readyMs, cpuMs } = await ready;
  const measured: Measured = { start: { ms: readyMs, cpuMs } };
  const take = async (name: string, request: () => Promise<string>) => {
    const cpuBefore = await cpuOf(child);
    const started = performance.now();
    const { length } = await request();
    const ms = performance.now() - started;
    measured[name] = { ms, cpuMs: (await cpuOf(child)) - cpuBefore, bytes: length };
  };
  const authorization = `Bearer ${ADMIN_KEY}`;
  await take('first tools/list', () => toolsList(url, authorization));
  await take('next tools/list', () => toolsList(url, authorization));
  await take('tools/list, page by page to its end', () => wholeToolsList(url, authorization));
  const get = async (path: string) => (await fetch(url + path, { headers: { authorization } })).text();
  await take('commands, 20 by words', () => get('/api/v1/commands?search=list&limit=20'));
  await take('commands, all', () => get('/api/v1/commands'));
  await take('openapi.json, first', () => get('/openapi.json'));
  await take('openapi.json, next', () => get('/openapi.json'));
  child.disconnect();
  await once(child, 'exit');
  await rm(dataDir, { recursive: true, force: true });
  return measured;
}

/** As clients read it that want every tool. @returns all of its pages */
async function wholeToolsList(url: string, authorization: string): Promise<string> {
  let all = '';
  for (let cursor: string | undefined, isFirst = true; isFirst || cursor !== undefined; isFirst = false) {
    const page = await toolsList(url, authorization, cursor);
    const json = page.slice(page.indexOf('{'));
    cursor = (JSON.parse(json) as { result: { nextCursor?: string } }).result.nextCursor;
    all += page;
  }
  return all;
}

async function toolsList(url: string, authorization: string, cursor?: string): Promise<string> {
  const response = await fetch(`${url}/mcp`, {
    method: 'POST',
    headers: {
      authorization,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { cursor } }),
  });
  const text = await response.text();
  if (!response.ok || !text.includes('"tools"')) throw new Error(`tools/list: ${response.status} ${text}`);
  return text;
}

function startProcess(dataDir: string): ChildProcess {
  return spawn(process.execPath, [SERVER], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: {
      ...wholeEnvironment(),
      DATABASE_URL: postgres.databaseUrl,
      SEED_DATA_DIR: dataDir,
      SEED_RUNNER_TOKEN: randomBytes(32).toString('hex'),
      SEED_ADMIN_KEY: ADMIN_KEY,
      SEED_SECRETS_KEY: SECRETS_KEY,
      SEED_PACK_KUBERNETES_URL: 'https://kubernetes.example.com',
      PORT: '0',
    },
  });
}

async function reply<Message>(child: ChildProcess): Promise<Message> {
  const told = new AbortController();
  const { signal } = told;
  const [message] = await Promise.race([once(child, 'message', { signal }), once(child, 'exit', { signal })]);
  told.abort();
  if (typeof message === 'object' && message !== null) return message as Message;
  throw new Error('the server ended');
}

async function cpuOf(child: ChildProcess): Promise<number> {
  const answer = reply<{ cpuMs: number }>(child);
  child.send('cpu');
  return (await answer).cpuMs;
}

function report(commands: number, before: readonly Measured[], after: readonly Measured[]): void {
  const middle = (all: readonly Measured[], name: string, what: 'ms' | 'cpuMs' | 'bytes') =>
    round(median(all.map((each) => each[name]?.[what] ?? 0)), 0);
  const names = Object.keys(after[0] ?? {});
  printTable([
    [`${commands} imported commands`, 'ms', 'promised', 'CPU ms', 'CPU ms without', 'KB'],
    ...names.map((name) => [
      name,
      String(middle(after, name, 'ms')),
      name in PROMISED_MS ? `< ${PROMISED_MS[name]}` : '',
      String(middle(after, name, 'cpuMs')),
      String(middle(before, name, 'cpuMs')),
      String(Math.ceil(middle(after, name, 'bytes') / 1024)),
    ]),
  ]);
  const figures = names.map((name) => [
    name,
    { ms: middle(after, name, 'ms'), cpuMs: middle(after, name, 'cpuMs') },
  ]);
  process.stdout.write(`${JSON.stringify({ commands, ...Object.fromEntries(figures) })}\n`);
}
