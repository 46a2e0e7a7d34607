// The two commands as a person runs them: the demo to its end and broken off by Ctrl-C, and npm start ended by
// SIGTERM.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXAMPLES } from '../../scripts/demo/examples.ts';
import { cacheDirSetting } from '../../src/lib/settings.ts';
import type { Task } from '../../src/protocol/task.ts';
import { processesNaming, until } from '../fixtures/seed.ts';

let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'seed-demo-'));
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

function npm(...args: string[]) {
  const demo = spawn('npm', args, {
    // A group of its own, so that Ctrl-C can be sent as a terminal does: to all of it.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, SEED_DATA_DIR: dataDir, SEED_CACHE_DIR: cacheDirSetting(), PORT: '0' },
  });
  let output = '';
  demo.stdout.on('data', (chunk) => {
    output += chunk;
  });
  demo.stderr.on('data', (chunk) => {
    output += chunk;
  });
  return { pid: demo.pid ?? 0, output: () => output, exited: once(demo, 'exit') as Promise<[number | null]> };
}

describe('npm run demo', () => {
  it('shows a real task that cleans up the key inventory', async () => {
    const demo = npm('run', 'demo');
    const [code] = await demo.exited;
    expect(code, demo.output()).toBe(0);
    const json = demo.output().match(/^\{\n {2}"task": [\s\S]*?^\}$/m)?.[0] ?? '';
    const { task } = JSON.parse(json) as { task: Task };
    expect(task).toMatchObject({ status: 'completed', exitCode: 0, model: 'scripted' });
    expect(task.inputTokens).toBeGreaterThan(0);
    expect(task.outputTokens).toBeGreaterThan(0);
    expect(task.stdout).toMatch(
      /^Found 9 keys\. 5 already revoked\. Revoked 2 expired keys: task:\w{8} \(expired \d\d:\d\d\), task:\w{8} \(expired \d\d:\d\d\)\. 2 active keys remain\.$/,
    );
    const after = demo.output().slice(demo.output().indexOf('The keys after'));
    expect(after.match(/\brevoked\b/g)).toHaveLength(7);
    expect(after.match(/\bactive\b/g)).toHaveLength(2);
    expect(await processesNaming(dataDir)).toEqual([]);
  });

  it('shows one of the examples: the rows before and after, and the ledger between', async () => {
    const demo = npm('run', 'demo', '--', 'crm');
    const [code] = await demo.exited;
    expect(code, demo.output()).toBe(0);
    // How a list ended is said on stderr, which comes by a pipe of its own: between any two lines.
    const said = demo.output().replace(/^That is all: \d+\.\n/gm, '');
    const [, before = '', ledger = '', after = ''] = said.split(/^(?:Before|Its ledger.*|After)$/m);
    expect(before).toMatch(/\$ seed emails list\nNo emails\./);
    expect(ledger.match(/contacts get|subscriptions status|emails draft/g)).toEqual([
      'contacts get',
      'subscriptions status',
      'emails draft',
    ]);
    expect(after).toMatch(/acme-corp +jane@acme-corp\.example +Your Business plan ends on/);
    expect(after).toContain('What it changed: emails draft.');
  });

  it('runs all the examples and prints what came of each', async () => {
    const demo = npm('run', 'demo', '--', '--all');
    const [code] = await demo.exited;
    expect(code, demo.output()).toBe(0);
    const table = demo.output().slice(demo.output().indexOf('EXAMPLE '));
    for (const { title } of EXAMPLES) {
      expect(table).toMatch(new RegExp(`^${title} .* completed +\\d+\\.\\d +\\S.* \\d+ +\\$0\\.\\d{6}$`, 'm'));
    }
  });

  it('does it as on Vercel, by the door and by stream, with ledger and bill', async () => {
    const demo = npm('run', 'demo', '--', '--vercel');
    const [code] = await demo.exited;
    expect(code, demo.output()).toBe(0);
    const [, byDoor = '', byStream = ''] = demo.output().split(/^By (?:the door|stream): .*$/m);
    for (const shown of [byDoor, byStream]) {
      const json = shown.match(/^\{\n {2}"task": [\s\S]*?^\}$/m)?.[0] ?? '';
      const { task } = JSON.parse(json) as { task: Task };
      expect(task).toMatchObject({ status: 'completed', exitCode: 0 });
      expect(task.stdout).toContain('2 active keys remain');
      const ledger = shown.slice(shown.indexOf('Its ledger'), shown.indexOf('Its bill'));
      expect(ledger.match(/keys revoke/g)).toHaveLength(2);
      expect(shown).toMatch(/s of processor and [\d.]+ GB for [\d.]+ s: \$0\.000\d{3}\n/);
    }
    expect(byDoor).toMatch(/Its sandbox called the function \d+ times/);
    expect(byStream).not.toContain('Its sandbox called');
    expect(await processesNaming(dataDir)).toEqual([]);
  }, 300_000);

  it('leaves nothing of it on Ctrl-C, whatever is just being made', async () => {
    const demo = npm('run', 'demo', '--', '--vercel');
    await until('a sandbox is there', () => /writing \d+ files/.test(demo.output()), 120_000);
    process.kill(-demo.pid, 'SIGINT');
    const [code] = await demo.exited;
    expect(code).not.toBe(0);
    // npm does not wait for what it has started.
    const folders = async () => (await readdir(dataDir)).filter((name) => name.startsWith('demo-'));
    await until('no folder is left', async () => (await folders()).length === 0, 30_000);
    expect(await processesNaming(dataDir)).toEqual([]);
  }, 180_000);

  it('leaves no process, no sandbox and no folder on Ctrl-C', async () => {
    const demo = npm('run', 'demo');
    await until('the task runs', () => /tasks run/.test(demo.output()), 40_000);
    process.kill(-demo.pid, 'SIGINT');
    const [code] = await demo.exited;
    expect(code).not.toBe(0);
    await until('no process is left', async () => (await processesNaming(dataDir)).length === 0, 5_000);
    expect((await readdir(dataDir)).filter((name) => name.startsWith('demo-'))).toEqual([]);
  });
});

describe('npm start', () => {
  it('says where it is and, told to end, leaves no process', async () => {
    const seed = npm('start');
    await until('it is ready', () => /Seed is ready at http:\/\/127\.0\.0\.1:\d+/.test(seed.output()), 40_000);
    // To npm alone, as a service manager does it.
    process.kill(seed.pid, 'SIGTERM');
    await seed.exited;
    await until('no process is left', async () => (await processesNaming(dataDir)).length === 0, 10_000);
  });
});
