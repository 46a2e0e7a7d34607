// Every secret of the system is a unique text; none of them is anywhere that a sandbox, or who reads the logs, can
// look.
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cacheDirSetting } from '../../src/lib/settings.ts';
import { sse } from '../fixtures/fake-server.ts';
import { memoryHolders, searchMemory } from '../fixtures/guest-memory.ts';
import { bash, startSeed, type TestSeed, until } from '../fixtures/seed.ts';

const RUNNER_TOKEN = `canary-runner-${randomBytes(16).toString('hex')}`;
const METRICS_TOKEN = `canary-metrics-${randomBytes(16).toString('hex')}`;
const S3_SECRET = `canary-s3-${randomBytes(16).toString('hex')}`;
const LLM_KEY = `canary-llm-${randomBytes(16).toString('hex')}`;
/** In the instruction, so that it must be in the guest's memory: it proves that the search finds things. */
const MARKER = `marker-${randomBytes(16).toString('hex')}`;

/** The upstream: the agent calls one command, and waits in it until it is told to go on. */
const upstream = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => {
    body += chunk;
  });
  request.on('end', () => {
    const head = { id: 'c', object: 'chat.completion.chunk', created: 0, model: 'canary-model' };
    const answered = body.includes('"role":"tool"');
    const call = {
      index: 0,
      id: 'call',
      type: 'function',
      function: { name: 'bash', arguments: JSON.stringify({ command: COMMAND }) },
    };
    const delta = answered ? { content: 'done' } : { tool_calls: [call] };
    sse(response, [
      { ...head, choices: [{ index: 0, delta: { role: 'assistant', ...delta }, finish_reason: null }] },
      { ...head, choices: [{ index: 0, delta: {}, finish_reason: answered ? 'stop' : 'tool_calls' }] },
      { ...head, choices: [], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } },
    ]);
  });
});
const COMMAND = [
  'seed whoami --json; seed keys list --json',
  'env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" "\\n"',
  'grep -rhoaE "(canary-(runner|llm|metrics|s3)-[0-9a-f]{8}|sk_live_[0-9A-Za-z]{12})[0-9A-Za-z]*" /workspace /tmp /home /run /etc /opt/seed/guest.mjs 2>/dev/null',
  'echo searched; sleep 30',
].join('\n');

let seed: TestSeed;
let log = '';
beforeAll(async () => {
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  seed = await startSeed(
    {
      SEED_RUNNER_TOKEN: RUNNER_TOKEN,
      SEED_METRICS_TOKEN: METRICS_TOKEN,
      SEED_LLM_API_KEY: LLM_KEY,
      // Never asked for anything: the task has no files.
      SEED_S3_ENDPOINT: 'http://127.0.0.1:9',
      SEED_S3_BUCKET: 'canary',
      SEED_S3_ACCESS_KEY_ID: 'canary',
      SEED_S3_SECRET_ACCESS_KEY: S3_SECRET,
      SEED_LLM_BASE_URL: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/v1`,
      SEED_LLM_MODEL: 'canary-model',
      SEED_LOG_LEVEL: 'debug',
    },
    (text) => {
      log += text;
    },
  );
});
afterAll(async () => {
  await seed?.remove();
  upstream.close();
});

it('no secret is in memory, files, environment, snapshot, events or logs', async () => {
  const databasePassword = new URL(process.env['DATABASE_URL'] ?? 'postgres://x').password;
  const secrets = [
    seed.adminKey,
    RUNNER_TOKEN,
    LLM_KEY,
    METRICS_TOKEN,
    S3_SECRET,
    ...(databasePassword ? [databasePassword] : []),
  ];
  // The runner has its own token, and nothing else of the server's.
  const environment = await readFile(`/proc/${seed.runnerPid()}/environ`, 'utf8');
  expect(secrets.filter((secret) => environment.includes(secret))).toEqual([RUNNER_TOKEN]);
  const task = await seed.postTask({ instruction: `${MARKER} ${bash('true')}`, scopes: ['keys:read'] });
  await seed.waitForEvent(task.id, (event) => event.type === 'tool_output' && event.chunk.includes('searched'));
  if (getuid?.() === 0) {
    const holders = await until('the sandbox runs', async () => {
      const pids = await memoryHolders(seed.dataDir);
      return pids.length > 0 && pids;
    });
    const searched = await Promise.all(holders.map((pid) => searchMemory(pid, [MARKER, ...secrets])));
    // Nothing else: no canary, and no whole key of any kind, the task's own included.
    expect([...new Set(searched.flat())]).toEqual([MARKER]);
  } else console.warn("SKIPPED: only root can read a sandbox's memory from the host");
  await seed.call('POST', `/api/v1/tasks/${task.id}/stop`);
  const events = JSON.stringify(await seed.events(task.id));
  expect(events).toContain('searched');
  // In its whole length: what the CLI shows of a key is its beginning.
  for (const text of [events, log]) {
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
    expect(text).not.toMatch(/sk_live_[0-9A-Za-z]{20}/);
    expect(text).not.toMatch(/canary-(runner|llm|metrics|s3)-/);
  }
  expect(log).toContain(task.id);
  expect(await filesWith(join(cacheDirSetting(), 'gvisor/snapshots'), secrets)).toEqual([]);
}, 120_000);

/** Files below the folder that hold one of the texts. */
async function filesWith(folder: string, texts: readonly string[]): Promise<string[]> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const file of files.filter((entry) => entry.isFile())) {
    const path = join(file.parentPath, file.name);
    const content = await readFile(path);
    if (texts.some((text) => content.includes(text))) found.push(path);
  }
  return found;
}
