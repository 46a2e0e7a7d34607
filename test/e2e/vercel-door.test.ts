// Tasks without a runner in sandboxes of the double of Vercel: the real agent in gVisor, and nothing that gets out of
// there but requests to the one name that is forwarded. What the door itself refuses: test/integration/door*.test.ts.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cacheDirSetting } from '../../src/lib/settings.ts';
import { startVercelDouble, type VercelDouble } from '../doubles/vercel-sandbox/double.ts';
import { memoryHoldersOf, searchMemory } from '../fixtures/guest-memory.ts';
import { bash, until } from '../fixtures/seed.ts';
import type { TestServer } from '../fixtures/server.ts';
import { DOOR_NAME, startVercelDoor } from '../fixtures/vercel-door.ts';

const WAYS_OUT = await readFile(join(import.meta.dirname, '../fixtures/ways-out.py'), 'utf8');
/** In what the agent is told, so that it is in its memory: the search finds things. */
const MARKER = `marker-${randomBytes(16).toString('hex')}`;
const TASK_MS = 120_000;

let double: VercelDouble;
let server: TestServer;
beforeAll(async () => {
  double = await startVercelDouble({ cacheDir: cacheDirSetting() });
  const id = await makeSnapshot(double.env);
  Object.assign(process.env, double.env, { SANDBOX_SNAPSHOT_ID: id });
  server = await startVercelDoor(double);
}, 400_000);
afterAll(async () => {
  await server?.stop();
  await double?.[Symbol.asyncDispose]();
});

/** As docs/vercel.md says it, with the Node and the npm that are there. @returns the id that it prints */
async function makeSnapshot(env: Record<string, string>): Promise<string> {
  const args = ['tsx', 'scripts/setup-sandbox-snapshot.ts', '--driver', 'vercel'];
  const program = spawn('npx', args, {
    cwd: join(import.meta.dirname, '../..'),
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env, SEED_DRIVER: '', SEED_CACHE_DIR: cacheDirSetting() },
  });
  const said = (await program.stdout.setEncoding('utf8').toArray()).join('');
  const [, id = ''] = /^SANDBOX_SNAPSHOT_ID=(snap_\w+)\n$/.exec(said.slice(said.indexOf('\n') + 1)) ?? [];
  expect(said).toBe(`${id}\nSANDBOX_SNAPSHOT_ID=${id}\n`);
  return id;
}

async function post(instruction: string, more: object = {}): Promise<string> {
  const body = { instruction, timeout: TASK_MS, ...more };
  const answer = await server.call('POST', '/api/v1/tasks/run', { body });
  expect(answer.status).toBe(202);
  return answer.body.task.id;
}
const read = async (id: string) => (await server.call('GET', `/api/v1/tasks/${id}`)).body.task;
const ended = (id: string) =>
  until(
    `the end of ${id}`,
    async () => {
      const task = await read(id);
      return task.completedAt !== null && task;
    },
    TASK_MS,
  );
const sandboxOf = (id: string) => double.sessions.sandboxes.get(`seed-seed-${id}`);
const saidBy = async (id: string): Promise<string> =>
  (await server.call('GET', `/api/v1/tasks/${id}/events?past=true`)).body;
const says = (id: string, text: string) =>
  until(`it says ${text}`, async () => (await saidBy(id)).includes(text), TASK_MS);
const machineOf = (id: string) => sandboxOf(id)?.session.machine;

it('does a whole task by that name alone, with its ledger and its bill, and no secret is in its sandbox', async () => {
  const key = await server.newKey(['keys:read']);
  const id = await post(
    bash(
      `seed keys revoke ${key.id} --yes --json | jq -r .key.status; echo ${MARKER} > out/kept`,
      'echo sear""ched; until [ -e /workspace/go ]; do sleep 0.2; done; echo gone-on',
    ),
    { scopes: ['keys:read', 'keys:write'] },
  );
  await says(id, 'searched');
  expect(sandboxOf(id)?.session.sourceSnapshotId).toBe(process.env['SANDBOX_SNAPSHOT_ID']);
  expect(sandboxOf(id)?.session.networkPolicy).toEqual({
    allow: { [DOOR_NAME]: [{ forwardURL: `${server.url}/door` }] },
  });
  if (getuid?.() === 0) {
    const secrets = [server.adminKey, server.runnerToken, double.credentials.token];
    const pids = await memoryHoldersOf(double.machines);
    const found = await Promise.all(pids.map((pid) => searchMemory(pid, [MARKER, ...secrets])));
    // No whole key of any kind, the task's own included.
    expect([...new Set(found.flat())]).toEqual([MARKER]);
  } else console.warn("SKIPPED: only root can read a sandbox's memory from the host");
  await machineOf(id)?.run({ argv: ['touch', '/workspace/go'] }).code;
  const task = await ended(id);
  expect(task).toMatchObject({ status: 'completed', error: null, exitCode: 0 });
  expect(task.stdout).toContain('gone-on');
  expect(task.artifacts).toMatchObject([{ name: 'kept', size: MARKER.length + 1 }]);
  expect((await server.call('GET', `/api/v1/keys/${key.id}`)).body.key.status).toBe('revoked');
  const { body: ledger } = await server.call('GET', `/api/v1/tasks/${id}/ledger`);
  expect(ledger.items).toMatchObject([{ command: 'keys revoke', outcome: 'ok' }]);
  const billed = await until('its bill', async () => {
    const now = await read(id);
    return now.usage !== null && now;
  });
  // By the vendor's own figures.
  expect(billed.usage.estimated).toBeUndefined();
  expect(billed.usage.cpuSeconds).toBeGreaterThan(0);
  expect(billed.cost.compute).toBeGreaterThan(0);
  expect(sandboxOf(id)?.session.status).toBe('stopped');
}, 240_000);

/** What is there of this host, and counts whatever reaches it. */
async function startWatch() {
  const reached: string[] = [];
  const tcp = createServer((socket) => {
    reached.push(`TCP ${socket.remoteAddress}`);
    socket.on('error', () => undefined).end('HTTP/1.1 200 OK\r\n\r\n');
  });
  await once(tcp.listen(0, '::'), 'listening');
  const { port } = tcp.address() as AddressInfo;
  const udp = createSocket('udp6', (_, { address }) => void reached.push(`UDP ${address}`));
  await once(udp.bind(port, '::'), 'listening');
  return { port, reached, close: () => [tcp, udp].map((one) => one.close()) };
}

/** Ways that lead to the door, which then refuses them. All others lead nowhere. */
const TO_THE_DOOR: Record<string, string> = {
  'the name itself': '403 not_allowed',
  'the host of another': '403 not_allowed',
  'two hosts': '403 not_allowed',
  'a second request for another host': '403 403 not_allowed',
  'the absolute form': '400',
  'an address in the path': '400',
  'http/2': '400',
  'an upgrade': '403 not_allowed',
  'two lengths': '400',
  plain: '403 not_allowed',
  'who forwarded': '403 not_allowed',
  'who forwarded, twice': '403 not_allowed',
  'from where': '403 not_allowed',
};
const WITH_A_KEY = /^with a key: /;

it('lets nothing else out, whoever tries: the agent, or root', async () => {
  const watch = await startWatch();
  const own = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const addresses = own.filter(({ internal }) => !internal).map(({ address }) => address);
  const postgres = Number(new URL(server.databaseUrl).port || 5432);
  const ports = [watch.port, Number(new URL(server.url).port), postgres];
  // As the vendor signs it, of another sandbox of ours, for this very door.
  const token = await double.issuer.token({
    ...{ audience: `${server.url}/door`, sandboxId: 'sbx_other', sandboxName: 'seed-other' },
    ...{ teamId: double.credentials.teamId, projectId: double.credentials.projectId },
  });
  const given = JSON.stringify({ name: DOOR_NAME, addresses, ports, token, key: server.adminKey });
  const id = await post(
    bash(
      `cat > ways.py <<'END'\n${WAYS_OUT}END\npython3 ways.py '${given}' > out/outcomes; echo tri""ed`,
      'until [ -e /workspace/go ]; do sleep 0.2; done',
    ),
  );
  await says(id, 'tried');
  const asRoot = machineOf(id)?.run({ argv: ['python3', '-c', WAYS_OUT, given] });
  const said = await asRoot?.output.setEncoding('utf8').toArray();
  await machineOf(id)?.run({ argv: ['touch', '/workspace/go'] }).code;
  const task = await ended(id);
  expect(task).toMatchObject({ status: 'completed' });
  const kept = await server.call('GET', `/api/v1/tasks/${id}/artifacts/content?name=outcomes`);
  for (const outcomes of [JSON.parse(kept.body), JSON.parse((said ?? []).join(''))] as Record<string, string>[]) {
    const { true: keyed = [], false: others = [] } = Object.groupBy(Object.entries(outcomes), ([way]) =>
      String(WITH_A_KEY.test(way)),
    );
    const open = others.filter(([, outcome]) => outcome !== 'closed');
    expect(Object.fromEntries(open)).toEqual(TO_THE_DOOR);
    // A key that an agent was told is of no use to it, nor to whoever told it.
    expect(keyed.length).toBeGreaterThan(0);
    expect(keyed.filter(([, outcome]) => outcome !== '403 not_allowed')).toEqual([]);
    expect(others.length).toBeGreaterThan(100);
  }
  expect(watch.reached).toEqual([]);
  // It counts what does reach it.
  await fetch(`http://127.0.0.1:${watch.port}`).then((answer) => answer.text());
  expect(watch.reached).toHaveLength(1);
  expect(new Set(double.forwarded.map(({ sandbox }) => sandbox)).size).toBe(2);
  watch.close();
}, 240_000);
