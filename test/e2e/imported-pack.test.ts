// A platform that there was before Seed: its OpenAPI document becomes a pack, and an agent in a sandbox works with
// it, within its scopes and without ever being near the credential.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { memoryHolders, searchMemory } from '../fixtures/guest-memory.ts';
import { githubDocument } from '../fixtures/openapi/documents.ts';
import { startPlatform, type TestPlatform } from '../fixtures/openapi/platform.ts';
import { copyRepository, type RepositoryCopy } from '../fixtures/repository-copy.ts';
import { bash, startSeed, type TestSeed, until } from '../fixtures/seed.ts';

const SECRET = 'ghp_canary0123456789abcdef';
/** What the account has set for a second platform, and what the caller gives its task for a third. */
const HELD = 'held-canary0123456789abcdef';
const GIVEN = 'given-canary0123456789abcdef';
const SECRETS = [SECRET, HELD, GIVEN];
/** Something that must be found where the credential must not. */
const MARKER = 'marker-0123456789abcdef';

let platform: TestPlatform;
let copy: RepositoryCopy;
let seed: TestSeed;
let log = '';

beforeAll(async () => {
  platform = await startPlatform(await githubDocument());
  copy = await copyRepository();
  const output = await runSeed('packs', 'import', platform.documentUrl, '--name', 'github');
  expect(output).toContain('1177 commands of 46 nouns');
  await writeFile(join(copy.folder, 'packs/github/overrides.json'), JSON.stringify({ sendCaller: true }));
  for (const [name, credential] of Object.entries({ held: 'account', given: 'caller' })) {
    const document = join(copy.folder, `${name}.json`);
    await writeFile(document, JSON.stringify(documentOf(name)));
    await runSeed('packs', 'import', document, '--name', name);
    const overrides = { accounts: 'all', credential };
    await writeFile(join(copy.folder, `packs/${name}/overrides.json`), JSON.stringify(overrides));
  }
  const { startAllInOne } = await import(pathToFileURL(join(copy.folder, 'src/all-in-one.ts')).href);
  const settings = {
    SEED_PACKS: 'github,held,given',
    SEED_PACK_HELD_URL: platform.url,
    SEED_PACK_GIVEN_URL: platform.url,
    SEED_PACK_GITHUB_URL: platform.url,
    SEED_PACK_GITHUB_TOKEN: SECRET,
    SEED_LOG_LEVEL: 'debug',
  };
  const keepLog = (written: string) => {
    log += written;
  };
  seed = await startSeed(settings, keepLog, startAllInOne);
}, 240_000);
afterAll(async () => {
  await seed?.remove();
  await copy?.[Symbol.asyncDispose]();
  await platform?.close();
});

/** One command that shows a note, with a bearer token. */
const documentOf = (noun: string) => ({
  openapi: '3.1.0',
  info: { title: noun, version: '1' },
  components: { securitySchemes: { own: { type: 'http', scheme: 'bearer' } } },
  security: [{ own: [] }],
  paths: {
    [`/${noun}`]: { get: { operationId: `get-${noun}`, tags: [noun], responses: { 200: { description: '' } } } },
  },
});

async function runSeed(...args: string[]): Promise<string> {
  const child = spawn(join(copy.folder, 'bin/seed'), args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const [output, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  expect(code, output).toBe(0);
  return output;
}

it('an agent lists and creates within its scopes, and is refused the rest', async () => {
  const task = await seed.runTask({
    instruction: bash(
      [
        'seed issues list-for-repo octo hello --state open --json | jq -r ".items[0].title"',
        'seed issues create octo hello --title "From a sandbox" --labels bug --labels ui --json | jq .number',
        'seed repos delete octo hello || echo "no such command for me: $?"',
        'curl -s -X DELETE "$SEED_API_URL/api/v1/github/repos/octo/hello" | jq -r .error.code',
      ].join('\n'),
    ),
    scopes: ['issues:read', 'issues:write'],
  });
  expect(task).toMatchObject({ status: 'completed', scopes: { effective: ['issues:read', 'issues:write'] } });
  const created = platform.asked.find(({ method }) => method === 'POST');
  expect(created).toMatchObject({
    url: '/repos/octo/hello/issues',
    body: { title: 'From a sandbox', labels: ['bug', 'ui'] },
    problems: [],
    headers: { authorization: `Bearer ${SECRET}`, 'seed-task': task.id },
  });
  expect(platform.asked.map(({ method }) => method)).toEqual(['GET', 'POST']);
  expect(task.stdout).toContain('Found a bug');
  expect(task.stdout).toContain('1347');
  expect(task.stdout).toContain('no such command for me: 2');
  expect(task.stdout).toContain('missing_scope');
  const { body } = await seed.call<{ items: { command: string; status: number }[] }>(
    'GET',
    `/api/v1/tasks/${task.id}/ledger`,
  );
  expect(body.items.map(({ command, status }) => [command, status])).toEqual([
    ['issues list-for-repo', 200],
    ['issues create', 200],
    ['repos delete', 403],
  ]);
});

it('a task that may call a thousand commands is told of them in few words', async () => {
  const task = await seed.runTask({
    instruction: bash('seed --help | wc -c\nseed issues --help | grep -c "List repository issues"'),
  });
  const [helpBytes, found] = (task.stdout ?? '').split('\n').filter((line) => /^\d+$/.test(line));
  expect(task).toMatchObject({ status: 'completed', error: null });
  expect(Number(helpBytes)).toBeLessThan(8_000);
  expect(Number(found)).toBe(1);
});

it('the credential is in no memory, file, environment, event, answer or log outside the server', async () => {
  const environment = await readFile(`/proc/${seed.runnerPid()}/environ`, 'utf8');
  expect(environment).toContain('SEED_RUNNER_TOKEN');
  expect(environment).not.toContain('canary');
  const echo = (secret: string) => (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ login: 'octocat', echoed: `Bearer ${secret}`, marker: MARKER }));
  };
  platform.behave(...SECRETS.map(echo));
  await seed.call('PUT', '/api/v1/credentials/held', { body: { token: HELD } });
  const before = platform.asked.length;
  const task = await seed.postTask({
    instruction: bash(
      [
        'seed users get-authenticated --json | tee user.json',
        'seed held get --json | tee held.json; seed given get --json | tee given.json',
        'env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" "\\n"',
        'grep -rhoaE "(ghp_|held-|given-)canar[y]" /workspace /tmp /home /run /etc /opt/seed 2>/dev/null',
        'echo searched; sleep 30',
      ].join('\n'),
    ),
    scopes: ['users:read', 'held:read', 'given:read'],
    credentials: { given: { token: GIVEN } },
  });
  await seed.waitForEvent(task.id, (event) => event.type === 'tool_output' && event.chunk.includes('searched'));
  if (getuid?.() === 0) {
    const holders = await until('the sandbox runs', async () => {
      const pids = await memoryHolders(seed.dataDir);
      return pids.length > 0 && pids;
    });
    const searched = await Promise.all(holders.map((pid) => searchMemory(pid, [MARKER, ...SECRETS])));
    expect([...new Set(searched.flat())]).toEqual([MARKER]);
  } else console.warn("SKIPPED: only root can read a sandbox's memory from the host");
  const shown = platform.asked.slice(before).map(({ headers }) => headers.authorization);
  expect(shown).toEqual(SECRETS.map((secret) => `Bearer ${secret}`));
  await seed.call('POST', `/api/v1/tasks/${task.id}/stop`);
  const events = JSON.stringify(await seed.events(task.id));
  expect(events).toContain(MARKER);
  expect(events).toContain('[removed]');
  const answers = await Promise.all(
    ['tasks', `tasks/${task.id}`, `tasks/${task.id}/ledger`, 'audit', 'credentials'].map((path) =>
      seed.call('GET', `/api/v1/${path}`),
    ),
  );
  for (const kept of [events, log, JSON.stringify(answers)])
    expect(kept).not.toMatch(/(ghp_|held-|given-)canary0/);
  expect(log).toContain(task.id);
}, 120_000);
