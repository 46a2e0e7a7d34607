// The server as a process: its first start, settings that keep it from starting, and how it stops.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { generateKeySecret } from '../../src/lib/key-secret.ts';
import { testDatabase } from '../fixtures/database.ts';

let dataDir: string;
const running = new Set<ChildProcess>();

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'seed-server-'));
});
afterEach(async () => {
  for (const child of running) {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
  running.clear();
});
afterAll(() => rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));

function start(environment: NodeJS.ProcessEnv) {
  const child = spawn(process.execPath, ['src/server/main.ts'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      SEED_DATA_DIR: dataDir,
      SEED_RUNNER_TOKEN: 'r'.repeat(32),
      PORT: '0',
      DATABASE_URL: '',
      SEED_ADMIN_KEY: '',
      ...environment,
    },
  });
  running.add(child);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const listening = async () => {
    await expect.poll(() => /"url":"http:[^"]+"/.test(stderr), { timeout: 20_000 }).toBe(true);
    return stderr.match(/"url":"(http:[^"]+)"/)?.[1] ?? '';
  };
  return { child, exited, listening, stdout: () => stdout, stderr: () => stderr };
}

describe('the first start', () => {
  it('makes an account and prints its admin key once, and never again', async () => {
    const first = start({});
    const url = await first.listening();
    await expect.poll(first.stdout).toMatch(/sk_live_/);
    const key = first.stdout().match(/sk_live_\w{36}/)?.[0] ?? '';
    const whoami = await fetch(`${url}/api/v1/whoami`, { headers: { authorization: `Bearer ${key}` } });
    expect(await whoami.json()).toMatchObject({
      account: { operator: true },
      key: { name: 'admin', scopes: ['*'] },
    });
    first.child.kill('SIGTERM');
    expect(await first.exited).toEqual([0, null]);
    expect(first.stderr()).not.toContain(key);

    const second = start({});
    const again = await second.listening();
    expect(second.stdout()).toBe('');
    const still = await fetch(`${again}/api/v1/whoami`, { headers: { authorization: `Bearer ${key}` } });
    expect(still.status).toBe(200);
    second.child.kill('SIGTERM');
    expect(await second.exited).toEqual([0, null]);
  });
});

describe('settings', () => {
  it.each([
    ['SEED_ADMIN_KEY', `${generateKeySecret().slice(0, -1)}-`, /SEED_ADMIN_KEY is not an API key/],
    ['SEED_RUNNER_TOKEN', 'short', /SEED_RUNNER_TOKEN is not set or shorter than 32/],
    ['PORT', '70000', /PORT is "70000"/],
    ['SEED_LOG_LEVEL', 'loud', /SEED_LOG_LEVEL is "loud"/],
    ['SEED_LLM_BASE_URL', 'ftp://models', /SEED_LLM_BASE_URL is not an http/],
    ['SEED_LLM_MODEL', 'a,b,c,d,e,f,g,h,i,j,k', /SEED_LLM_MODEL names more than 10 models/],
    ['SEED_LLM_ALLOWED_MODELS', 'a', /the default model scripted is not served/],
    ['SEED_LLM_REQUESTS_PER_DAY', '0', /SEED_LLM_REQUESTS_PER_DAY is "0"/],
    ['DATABASE_URL', 'not a url', /DATABASE_URL is not a Postgres URL/],
  ])('%s that cannot be used is named, and nothing starts', async (name, value, message) => {
    const server = start({ [name]: value });
    const [code] = await server.exited;
    expect(code).toBe(1);
    expect(server.stderr()).toMatch(message);
    expect(server.stderr()).not.toMatch(/^\s+at /m);
    if (name === 'SEED_ADMIN_KEY') expect(server.stderr()).not.toContain(value);
  });

  it('a port that is taken is named, with what to do', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const { databaseUrl, drop } = await testDatabase();
    const server = start({ PORT: String(port), DATABASE_URL: databaseUrl });
    expect((await server.exited)[0]).toBe(1);
    expect(server.stderr()).toMatch(new RegExp(`cannot listen on 127.0.0.1:${port}`));
    expect(server.stderr()).toContain('set PORT to another port');
    expect(server.stdout()).toBe('');
    taken.close();
    // Nothing was lost with that start: the next one makes the key, and shows it.
    const next = start({ PORT: String(port), DATABASE_URL: databaseUrl });
    await next.listening();
    await expect.poll(next.stdout).toMatch(/sk_live_\w{36}/);
    next.child.kill('SIGTERM');
    await next.exited;
    await drop();
  });
});

describe('SIGTERM', () => {
  it('answers held requests, refuses new ones and exits 0', async () => {
    const { databaseUrl, drop } = await testDatabase();
    const key = generateKeySecret();
    const server = start({ DATABASE_URL: databaseUrl, SEED_ADMIN_KEY: key });
    const url = await server.listening();
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', prefer: 'wait=60' };
    const body = JSON.stringify({ instruction: 'wait' });
    const held = fetch(`${url}/api/v1/tasks/run`, { method: 'POST', headers, body });
    await expect
      .poll(async () => {
        const list = await fetch(`${url}/api/v1/tasks`, { headers });
        return ((await list.json()) as { items: object[] }).items.length;
      })
      .toBe(1);
    server.child.kill('SIGTERM');
    const answer = await held;
    expect(answer.status).toBe(202);
    expect(await answer.json()).toMatchObject({ task: { status: 'queued' } });
    expect(await server.exited).toEqual([0, null]);
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
    await drop();
  });
});
