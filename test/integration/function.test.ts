import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createLog } from '../../src/lib/log.ts';
import { LIMITS } from '../../src/protocol/limits.ts';
import { createFunction, type FunctionParts } from '../../src/server/function.ts';
import { rowsOf, run } from '../fixtures/database.ts';
import { type AnyBody, startTestServer, type TestServer } from '../fixtures/server.ts';

const CRON_SECRET = 'c'.repeat(32);

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.stop());

/** Beside the server, on its database. */
function openFunction(more: Partial<FunctionParts> = {}) {
  const waited: Promise<unknown>[] = [];
  const seed = createFunction({
    settings: server.settings,
    log: createLog('function', 'silent'),
    version: '1.0.0',
    packs: [],
    playbooks: [],
    cliBundle: '#!/usr/bin/env node\n',
    mostMs: 30_000,
    cronSecret: CRON_SECRET,
    invocation: () => ({ waitUntil: (work) => void waited.push(work) }),
    ...more,
  });
  const send = (method: string, path: string, body?: object, headers: Record<string, string> = {}) =>
    seed.fetch(
      new Request(`https://seed.example${path}`, {
        method,
        headers: {
          authorization: `Bearer ${server.adminKey}`,
          ...(body && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body && { body: JSON.stringify(body) }),
      }),
    );
  const ask = async (...asked: Parameters<typeof send>) => {
    const answer = await send(...asked);
    return { status: answer.status, headers: answer.headers, body: (await answer.json()) as AnyBody };
  };
  return { seed, send, ask, settled: () => Promise.all(waited) };
}

const newTask = { instruction: 'say hello', model: 'scripted' };

describe('a function', () => {
  it('answers as a server does, with the same headers', async () => {
    const { ask } = openFunction();
    const [own, others] = [await ask('GET', '/api/v1/whoami'), await server.call('GET', '/api/v1/whoami')];
    expect(own.status).toBe(200);
    // When the key was used last has moved on meanwhile.
    expect({ ...own.body.key, lastUsedAt: null }).toEqual({ ...others.body.key, lastUsedAt: null });
    const named = [
      'content-type',
      'x-content-type-options',
      'strict-transport-security',
      'cross-origin-resource-policy',
    ];
    for (const name of named) expect(own.headers.get(name)).toBe(others.headers.get(name));
    expect(own.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('has written its calls and told the audit log when its last work is over', async () => {
    const { ask, settled } = openFunction();
    const { body } = await ask('POST', '/api/v1/keys', { name: 'made by a function', scopes: ['tasks:read'] });
    await ask('GET', `/api/v1/keys/${body.key.id}`);
    await settled();
    const calls = await rowsOf(
      server.databaseUrl,
      `select command from calls where command in ('keys create', 'keys get')`,
    );
    expect(calls.map(({ command }) => command).sort()).toEqual(['keys create', 'keys get']);
    const audited = await rowsOf(server.databaseUrl, `select target from audit where command = 'keys create'`);
    expect(audited).toContainEqual({ target: body.key.id });
  });

  it('has a wait end before its time does', async () => {
    const { ask } = openFunction({ mostMs: 4_000 });
    const begunMs = performance.now();
    const { status } = await ask('POST', '/api/v1/tasks/run', newTask, { prefer: 'wait=60' });
    expect(status).toBe(202);
    const waitedMs = performance.now() - begunMs;
    expect(waitedMs).toBeGreaterThan(1_000);
    expect(waitedMs).toBeLessThan(30_000);
  });

  it('breaks a stream off before its time ends, and goes on with it where it was', async () => {
    const { ask, send } = openFunction({ mostMs: 3_000 });
    const { body } = await ask('POST', '/api/v1/tasks/run', newTask);
    const path = `/api/v1/tasks/${body.task.id}/events`;
    const headers = { accept: 'text/event-stream' };
    const first = await readStream(await send('GET', path, undefined, headers));
    expect(first.broken).toBe(true);
    expect(first.text).not.toContain('event: end');
    const last = /^id: (\d+)$/m.exec(first.text)?.[1] ?? '';
    expect(last).toMatch(/^\d+$/);
    await ask('POST', `/api/v1/tasks/${body.task.id}/stop`, {});
    const second = await readStream(await send('GET', path, undefined, { ...headers, 'last-event-id': last }));
    expect(second.text).toContain('event: end');
    expect(second.text).not.toContain(`id: ${last}\n`);
  });

  it('counts a rate in the database, with every other function', async () => {
    const { secret } = await server.newKey(['tasks:read'], { requestsPerMinute: 3 });
    const statuses: number[] = [];
    for (let index = 0; index < 4; index += 1) {
      // Another process each time, as far as what it remembers goes.
      const { ask } = openFunction();
      const { status } = await ask('GET', '/api/v1/whoami', undefined, { authorization: `Bearer ${secret}` });
      statuses.push(status);
    }
    expect(statuses).toEqual([200, 200, 200, 429]);
  });

  it('counts the open streams of a key in the database, with every other function', async () => {
    const { secret } = await server.newKey(['tasks:read']);
    const headers = { authorization: `Bearer ${secret}` };
    const [one, other] = [openFunction(), openFunction()];
    const { body } = await one.ask('POST', '/api/v1/tasks/run', newTask);
    const follow = ({ send }: typeof one) =>
      send('GET', `/api/v1/tasks/${body.task.id}/events`, undefined, headers);
    const half = Array.from({ length: LIMITS.eventStreamsPerKey / 2 });
    const open = await Promise.all(half.flatMap(() => [follow(one), follow(other)]));
    expect(new Set(open.map(({ status }) => status))).toEqual(new Set([200]));
    for (const each of [one, other, openFunction()])
      expect(await (await follow(each)).json()).toMatchObject({ error: { code: 'too_many_requests' } });
    await open.pop()?.body?.cancel();
    const freed = await vi.waitFor(async () => {
      const answer = await follow(openFunction());
      if (answer.status !== 200) throw new Error(await answer.text());
      return answer;
    });
    await Promise.all([...open, freed].map((answer) => answer.body?.cancel()));
    await Promise.all([one.settled(), other.settled()]);
  });

  it('counts failed sign-ins in the database, and none that succeeded', async () => {
    const headers = { origin: 'https://seed.example', 'x-forwarded-for': '203.0.113.9', 'seed-dashboard': '1' };
    const wrong = { key: server.adminKey.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a')) };
    const statuses = new Set<number>();
    const processes = [openFunction(), openFunction()];
    for (let index = 0; index < LIMITS.signInFailuresPerMinute + 2; index += 1) {
      const { ask } = processes[index % 2] ?? openFunction();
      statuses.add((await ask('POST', '/session', wrong, headers)).status);
    }
    expect([...statuses].sort()).toEqual([401, 429]);
  });

  it('tells a reader that a task is over whose time was over while nobody asked', async () => {
    const { ask, settled } = openFunction();
    const { body } = await ask('POST', '/api/v1/tasks/run', newTask);
    await settled();
    const lost = server.runner();
    for (let leased = ''; leased !== body.task.id; ) leased = (await lost.lease()).taskId;
    // Somebody has looked for a while, so that a silence means something.
    await run(
      server.databaseUrl,
      `insert into lease_looks (since, last) values (now() - interval '1 hour', now())
       on conflict (one) do update set since = excluded.since, last = excluded.last`,
    );
    await run(
      server.databaseUrl,
      `update tasks set deadline = now() - interval '1 minute' where id = '${body.task.id}'`,
    );
    const { body: found } = await openFunction().ask('GET', `/api/v1/tasks/${body.task.id}`);
    expect(found.task.status).toBe('timed_out');
  });

  it('does what is due when the cron asks, and what is done seldom once for all', async () => {
    const { ask } = openFunction();
    const drain = (secret: string, from = ask) =>
      from('GET', '/api/cron/drain', undefined, { authorization: `Bearer ${secret}` });
    expect((await drain('x'.repeat(32))).status).toBe(401);
    await run(server.databaseUrl, 'truncate loop_turns');
    expect((await drain(CRON_SECRET)).body).toEqual({ drained: true });
    const turns = () => rowsOf(server.databaseUrl, 'select name, turned_at from loop_turns order by name');
    const first = await turns();
    expect(first.map(({ name }) => name)).toContain('care for the partitions');
    await drain(CRON_SECRET, openFunction().ask);
    expect(await turns()).toEqual(first);
  });

  it('has no cron without its secret', async () => {
    const { ask } = openFunction({ cronSecret: null });
    expect((await ask('GET', '/api/cron/drain', undefined, { authorization: 'Bearer ' })).status).toBe(404);
  });

  it('migrates nothing, and says to nobody but the log what is wrong', async () => {
    const url = new URL(server.databaseUrl);
    const other = `${url.pathname.slice(1)}_empty`;
    await run(server.databaseUrl, `create database ${other}`);
    url.pathname = `/${other}`;
    try {
      const { ask } = openFunction({ settings: { ...server.settings, databaseUrl: url.href } });
      const { status, body } = await ask('GET', '/api/v1/whoami');
      expect(status).toBe(503);
      expect(body.error).toMatchObject({ code: 'unavailable', message: 'Seed is not set up' });
      expect(await rowsOf(url.href, `select from pg_class where relname = 'migrations'`)).toEqual([]);
    } finally {
      await run(server.databaseUrl, `drop database ${other} with (force)`);
    }
  });

  it('finds its connections gone behind a standstill, and goes on', async () => {
    const { ask, settled } = openFunction();
    expect((await ask('GET', '/api/v1/whoami')).status).toBe(200);
    await settled();
    await rowsOf(
      server.databaseUrl,
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid()`,
    );
    expect((await ask('GET', '/api/v1/whoami')).status).toBe(200);
  });
});

async function readStream(answer: Response): Promise<{ text: string; broken: boolean }> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const piece of answer.body ?? []) text += decoder.decode(piece as Uint8Array, { stream: true });
    return { text, broken: false };
  } catch {
    return { text, broken: true };
  }
}
