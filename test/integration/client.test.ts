// The TypeScript client against a real server: the same checks in Node, Deno, Bun and workerd, its size, and that
// what is generated of it is what the commands say.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { generatedClient } from '../../scripts/lib/generated-client.ts';
import { CLIENT_PACKAGE } from '../../src/cli/client-types.ts';
import { ensureFolder } from '../../src/lib/cache-folders.ts';
import { contentHash } from '../../src/lib/content-hash.ts';
import { cacheDirSetting } from '../../src/lib/settings.ts';
import type { Lease } from '../../src/protocol/runner.ts';
import { RUNNER_HEADER } from '../../src/protocol/runner.ts';
import { repositoryCli } from '../fixtures/cli-process.ts';
import { startCuttingLine } from '../fixtures/cutting-line.ts';
import { startTestServer, type TestServer, withExamples } from '../fixtures/server.ts';

const run = promisify(execFile);
const CLIENT = new URL('../../clients/typescript/', import.meta.url);
const CHECKS = new URL('../fixtures/client/checks.mjs', import.meta.url);
const RUNTIMES = new URL('../fixtures/client/runtimes/', import.meta.url);
/** Of the client as an adopter bundles it. */
const MOST_BYTES = 12 * 1000;
const EVENTS = 60;

const undo = new AsyncDisposableStack();
let server: TestServer;
let folder: string;
let cuttable: string;
let cuts: () => number;
/** Why the other runtimes are not here; null: they are. */
let missing: string | null = null;
let runtimes = '';

beforeAll(async () => {
  server = await startTestServer({ packs: withExamples('crm') });
  undo.defer(() => server.stop());
  const samples = await server.call('POST', '/api/v1/packs/crm/samples', { body: {} });
  expect(samples.status).toBe(200);
  const line = await startCuttingLine(server.url);
  undo.use(line);
  cuttable = line.url;
  cuts = line.cuts;
  const over = new AbortController();
  const working = workAtTasks(over.signal);
  undo.defer(async () => {
    over.abort();
    await working;
  });
  folder = await mkdtemp(join(tmpdir(), 'seed-client-'));
  undo.defer(() => rm(folder, { recursive: true }));
  await bundle(join(folder, 'client.mjs'), { minify: false });
  await copyFile(CHECKS, join(folder, 'checks.mjs'));
  await writeFile(
    join(folder, 'main.mjs'),
    `import * as client from './client.mjs';
import { runChecks } from './checks.mjs';
const argv = globalThis.Deno ? Deno.args : process.argv.slice(2);
const [url, cuttable, key] = argv;
console.log(JSON.stringify(await runChecks(client, { url, cuttable, key })));
`,
  );
  missing = await installRuntimes().then(
    () => null,
    (error: Error) => error.message.split('\n', 1).join(''),
  );
}, 180_000);
afterAll(() => undo.disposeAsync());

function bundle(outfile: string, { minify }: { minify: boolean }) {
  const entryPoints = [new URL('src/index.ts', CLIENT).pathname];
  return build({ entryPoints, outfile, bundle: true, format: 'esm', target: 'es2022', minify, logLevel: 'error' });
}

/** By their lock file, once for all tests of this machine. */
async function installRuntimes(): Promise<void> {
  if (process.arch !== 'x64') throw new Error(`they are fetched for x64, and this is ${process.arch}`);
  const lock = await readFile(new URL('package-lock.json', RUNTIMES), 'utf8');
  runtimes = join(cacheDirSetting(), 'client-runtimes', contentHash(lock));
  await ensureFolder(
    runtimes,
    async () => (await readFile(join(runtimes, 'done')).catch(() => null)) !== null,
    async (partial) => {
      for (const name of ['package.json', 'package-lock.json'])
        await copyFile(new URL(name, RUNTIMES), join(partial, name));
      await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: partial, timeout: 150_000 });
      await writeFile(join(partial, 'done'), '');
    },
  );
}

/** A task that is to be followed says a lot and ends; one that is to stay waits until it is stopped. */
async function workAtTasks(signal: AbortSignal): Promise<void> {
  const runner = server.runner();
  while (!signal.aborted) {
    const lease = await Promise.race([runner.lease(), once(signal, 'abort').then(() => null)]).catch(() => null);
    if (lease?.instruction === 'follow me') await sayALot(runner, lease);
  }
}

async function sayALot(runner: ReturnType<TestServer['runner']>, lease: Lease): Promise<void> {
  for (let batch = 1; batch <= EVENTS; batch += 1) {
    const event = { type: 'text', text: `${batch} ${'x'.repeat(100)}` };
    const headers = { [RUNNER_HEADER.lease]: lease.leaseId, [RUNNER_HEADER.batch]: String(batch) };
    await runner.post(`/tasks/${lease.taskId}/events`, event, headers);
  }
  await runner.settle(lease, { stdout: 'followed' });
}

const argv = () => [server.url, cuttable, server.adminKey];

async function expectAllPass(printed: string): Promise<void> {
  const { checks, failed } = JSON.parse(printed) as { checks: string[]; failed: object };
  expect(failed).toEqual({});
  expect(checks.length).toBeGreaterThan(8);
}

it('in Node', async () => {
  const { stdout } = await run(process.execPath, [join(folder, 'main.mjs'), ...argv()]);
  await expectAllPass(stdout);
  expect(cuts()).toBeGreaterThan(3);
});

it('in Deno', async (t) => {
  if (missing !== null) t.skip(`Deno is not here: ${missing}`);
  const deno = join(runtimes, 'node_modules/@deno/linux-x64-glibc/deno');
  const flags = ['run', '--allow-net', '--no-lock', '--no-config'];
  const env = { ...process.env, DENO_DIR: join(folder, 'deno'), DENO_NO_UPDATE_CHECK: '1' };
  await expectAllPass((await run(deno, [...flags, join(folder, 'main.mjs'), ...argv()], { env })).stdout);
});

it('in Bun', async (t) => {
  if (missing !== null) t.skip(`Bun is not here: ${missing}`);
  const bun = join(runtimes, 'node_modules/@oven/bun-linux-x64-baseline/bin/bun');
  await expectAllPass((await run(bun, [join(folder, 'main.mjs'), ...argv()])).stdout);
});

it('in workerd, as on the edge', async (t) => {
  if (missing !== null) t.skip(`workerd is not here: ${missing}`);
  const port = await freePort();
  const [url, cut, key] = argv();
  const worker = `import * as client from './client.mjs';
import { runChecks } from './checks.mjs';
export default { fetch: async () => Response.json(await runChecks(client, ${JSON.stringify({ url, cuttable: cut, key })})) };
`;
  const config = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker), (name = "internet", network = (allow = ["public", "private", "local"]))],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]
);
const worker :Workerd.Worker = (
  modules = [
    (name = "worker.mjs", esModule = embed "worker.mjs"),
    (name = "client.mjs", esModule = embed "client.mjs"),
    (name = "checks.mjs", esModule = embed "checks.mjs")
  ],
  compatibilityDate = "2026-06-01"
);
`;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'worker.mjs'), worker);
  await writeFile(join(folder, 'config.capnp'), config);
  const program = join(runtimes, 'node_modules/@cloudflare/workerd-linux-64/bin/workerd');
  const workerd = spawn(program, ['serve', join(folder, 'config.capnp')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    const answered = async () => (await fetch(`http://127.0.0.1:${port}`)).text();
    await expectAllPass(
      await expect
        .poll(() => answered().catch(() => null), { timeout: 30_000 })
        .not.toBeNull()
        .then(answered),
    );
  } finally {
    workerd.kill();
  }
});

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  return port;
}

it('knows the types of a platform when it is told them, and takes nothing that they do not allow', async () => {
  const cli = await repositoryCli({ SEED_API_URL: server.url });
  undo.defer(() => cli.remove());
  const { code, stdout, stderr } = await cli.run(['client', 'types']);
  expect(code, stderr).toBe(0);
  expect(stdout).toContain("'contacts list'".replaceAll("'", '"'));
  const project = await mkdtemp(join(tmpdir(), 'seed-typed-'));
  undo.defer(() => rm(project, { recursive: true }));
  await writeFile(join(project, 'seed.d.ts'), stdout);
  await writeFile(
    join(project, 'use.ts'),
    `import { createSeed, type Task } from 'seed-client';
const seed = createSeed({ url: 'http://127.0.0.1:1', key: 'x' });
export async function typed(): Promise<void> {
  const run = await seed.tasks.run({ instruction: 'x' });
  const end: Task = await run.result();
  for await (const event of run.events()) if (event.type === 'text') event.text satisfies string;
  const counted = await seed.tasks.run<{ total: number }>({ instruction: 'x', output: { schema: { type: 'object' } } });
  (await counted.result()).output?.total satisfies number | undefined;
  end.output satisfies Record<string, unknown> | null;
  const { items } = await seed.contacts.list({ limit: 1 });
  (items[0]?.id satisfies string | undefined, end.status satisfies string);
  for await (const contact of seed.contacts.list()) contact.name satisfies string;
  (await seed.webhooks.defaultSecret.rotate()).secret satisfies string;
  const file: Response = await seed.tasks.artifacts.get({ id: end.id, name: 'a' });
  // @ts-expect-error there is no such field
  await seed.contacts.list({ limt: 1 });
  // @ts-expect-error the instruction is missing
  await seed.tasks.run({});
  // @ts-expect-error there is no such command
  await seed.contacts.eat();
  void file;
}
`,
  );
  const paths = { 'seed-client': [new URL('src/index.ts', CLIENT).pathname] };
  const options = {
    strict: true,
    noEmit: true,
    module: 'nodenext',
    target: 'es2024',
    lib: ['esnext', 'dom'],
    types: [],
  };
  await writeFile(
    join(project, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: { ...options, paths, allowImportingTsExtensions: true, skipLibCheck: false },
    }),
  );
  const tsc = new URL('../../node_modules/.bin/tsc', import.meta.url).pathname;
  const checked = await run(tsc, ['-p', project]).catch((error: { stdout: string }) => error);
  expect(checked.stdout).toBe('');
});

it(`is smaller than ${MOST_BYTES} bytes, compressed`, async () => {
  const file = join(folder, 'small.mjs');
  await bundle(file, { minify: true });
  expect(gzipSync(await readFile(file)).length).toBeLessThan(MOST_BYTES);
});

it('is called what seed client types calls it', async () => {
  expect(JSON.parse(await readFile(new URL('package.json', CLIENT), 'utf8')).name).toBe(CLIENT_PACKAGE);
});

it('has what the commands say', async () => {
  for (const [name, text] of Object.entries(generatedClient()))
    expect(await readFile(new URL(`src/generated/${name}`, CLIENT), 'utf8'), 'run npm run client').toBe(text);
});
