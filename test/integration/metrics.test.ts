// GET /metrics: who may read it, that its numbers are those of what was done, and that it names nobody.
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Settlement } from '../../src/protocol/runner.ts';
import type { Exposition } from '../fixtures/exposition.ts';
import { llmSettings } from '../fixtures/llm-settings.ts';
import { completion, DONE, type LlmUpstream, startLlmUpstream, startStream } from '../fixtures/llm-upstream.ts';
import { METRICS_TOKEN, type ScrapedServer, startScrapedServer } from '../fixtures/scrape.ts';
import { until } from '../fixtures/seed.ts';
import { startTestServer } from '../fixtures/server.ts';

let server: ScrapedServer;
let upstream: LlmUpstream;
let database: Client;
beforeAll(async () => {
  upstream = await startLlmUpstream();
  upstream.behave(completion('hello'));
  server = await startScrapedServer({
    llm: llmSettings({ baseUrl: upstream.baseUrl, defaultModels: ['house-model'] }),
  });
  database = new Client({ connectionString: server.databaseUrl });
  await database.connect();
});
afterAll(async () => {
  await database?.end();
  await server?.stop();
  await upstream?.close();
});

const postTask = async (body: object = {}, key = server.adminKey) =>
  (await server.call('POST', '/api/v1/tasks/run', { key, body: { instruction: 'do it', ...body } })).body.task;
/** Runs a task to this end; the model is asked as often as said. */
async function runTask(settlement: Partial<Settlement>, { calls = 0, model = 'scripted', key = server.adminKey }) {
  const runner = server.runner();
  const task = await postTask({ model }, key);
  const lease = await runner.lease();
  expect(lease.taskId).toBe(task.id);
  await runner.post(`/tasks/${task.id}/phase`, { leaseId: lease.leaseId, phase: 'working' });
  for (let call = 0; call < calls; call += 1) {
    await server.call('POST', '/llm/v1/chat/completions', {
      key: lease.taskKey,
      body: { model, messages: [{ role: 'user', content: 'hello' }] },
    });
  }
  expect(await runner.settle(lease, settlement)).toBe(204);
  return lease;
}
/** How much each of the named sums grew while the work was done. */
async function growth(sums: [string, Record<string, string>?][], work: () => Promise<unknown>) {
  const before = await server.scrape();
  await work();
  const after = await server.scrape();
  return sums.map(([name, labels]) => after.sum(name, labels) - before.sum(name, labels));
}

describe('the token', () => {
  it.each([null, 'nonsense', METRICS_TOKEN.slice(1)])('%s does not open it', async (key) => {
    const answer = await server.call('GET', '/metrics', { key });
    expect([answer.status, answer.body.error.code]).toEqual([401, 'not_authenticated']);
  });

  it('is one of its own: neither an API key nor the runner token opens it', async () => {
    for (const key of [server.adminKey, server.runnerToken])
      expect((await server.call('GET', '/metrics', { key })).status).toBe(401);
    const { status, headers } = await server.call('GET', '/metrics', { key: METRICS_TOKEN });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect((await server.call('GET', '/api/v1/whoami', { key: METRICS_TOKEN })).status).toBe(401);
  });

  it('without the setting there is nothing, as anywhere else', async () => {
    const plain = await startTestServer();
    try {
      for (const key of [null, METRICS_TOKEN]) {
        const [asked, unknown] = await Promise.all([
          plain.call('GET', '/metrics', { key }),
          plain.call('GET', '/nowhere', { key }),
        ]);
        expect([asked.status, asked.body.error.code]).toEqual([404, unknown.body.error.code]);
      }
    } finally {
      await plain.stop();
    }
  });
});

describe('the numbers', () => {
  it('of commands are those of what was called, also where it was refused', async () => {
    const reader = await server.newKey(['keys:read']);
    const grown = await growth(
      [
        ['seed_command_calls_total', { command: 'keys list', effect: 'read', status: '200' }],
        ['seed_command_calls_total', { command: 'keys create', effect: 'write', status: '403' }],
        ['seed_command_calls_total', { command: 'whoami', status: '401' }],
        ['seed_command_duration_seconds_count', { command: 'keys list' }],
        ['seed_http_errors_total', { surface: 'api', code: 'missing_scope' }],
        ['seed_http_errors_total', { surface: 'api', code: 'invalid_key' }],
        ['seed_http_requests_total', { surface: 'api' }],
        ['seed_http_errors_total', { surface: 'other', code: 'not_found' }],
      ],
      async () => {
        for (let time = 0; time < 3; time += 1) await server.call('GET', '/api/v1/keys', { key: reader.secret });
        const body = { name: 'x', scopes: ['keys:read'] };
        await server.call('POST', '/api/v1/keys', { key: reader.secret, body });
        await server.call('GET', '/api/v1/whoami', { key: 'sk_live_nonsense' });
        await server.call('GET', `/${randomUUID()}`);
      },
    );
    expect(grown).toEqual([3, 1, 1, 3, 1, 1, 5, 1]);
  });

  it('of tasks are those of their ends, each once, whoever ended them', async () => {
    const ended = (status: string, code = 'none'): [string, Record<string, string>] => [
      'seed_tasks_ended_total',
      { status, code },
    ];
    const error = { code: 'out_of_memory', message: 'too large' } as const;
    const grown = await growth(
      [
        ended('completed'),
        ended('failed', 'out_of_memory'),
        ended('timed_out'),
        ended('stopped'),
        ['seed_tasks_ended_total'],
        ['seed_tasks_accepted_total'],
        ['seed_task_queue_duration_seconds_count'],
        ['seed_task_start_duration_seconds_count'],
        ['seed_task_run_duration_seconds_count'],
      ],
      async () => {
        const lease = await runTask({}, {});
        // Settled before: nothing ends a second time.
        expect(await server.runner().settle(lease)).toBe(204);
        expect(await server.runner().settle({ ...lease, leaseId: randomUUID() })).toBe(409);
        await runTask({}, {});
        await runTask({ outcome: 'failed', error }, {});
        await runTask({ outcome: 'timed_out' }, {});
        const { id } = await postTask();
        for (let time = 0; time < 2; time += 1) await server.call('POST', `/api/v1/tasks/${id}/stop`);
      },
    );
    expect(grown).toEqual([2, 1, 1, 1, 5, 5, 4, 4, 4]);
  });

  it('leave out what was rolled back', async () => {
    const runner = server.runner();
    await postTask();
    const lease = await runner.lease();
    const usage = { cpuSeconds: 1, peakMemoryBytes: 1, wallMs: 1 };
    const grown = await growth([['seed_tasks_ended_total']], async () => {
      await database.query('alter table compute rename to compute_away');
      try {
        expect(await runner.settle(lease, { usage })).toBe(500);
      } finally {
        await database.query('alter table compute_away rename to compute');
      }
    });
    expect(grown).toEqual([0]);
    expect(await growth([['seed_tasks_ended_total']], () => runner.settle(lease, { usage }))).toEqual([1]);
  });

  it('of calls of models agree with the rows', async () => {
    const sums = await growth(
      [
        ['seed_model_calls_total', { model: 'house-model', outcome: 'ok' }],
        ['seed_model_calls_total', { model: 'scripted', outcome: 'ok' }],
        ['seed_model_calls_total', { model: 'other', outcome: 'ok' }],
        ['seed_model_call_duration_seconds_count'],
        ['seed_model_tokens_total', { model: 'house-model', direction: 'input' }],
        ['seed_model_tokens_total', { model: 'house-model', direction: 'output' }],
      ],
      async () => {
        await runTask({}, { calls: 2, model: 'house-model' });
        await runTask({}, { calls: 1 });
        await runTask({}, { calls: 1, model: 'somebody/elses-model' });
      },
    );
    expect(sums).toEqual([2, 1, 1, 4, 22, 14]);
    const { rows } = await database.query(
      `select sum(cost_nano_usd) / 1e9 as usd, sum(input_tokens) as tokens from model_calls`,
    );
    const { sum } = await server.scrape();
    expect(sum('seed_model_cost_usd_total')).toBeCloseTo(Number(rows[0].usd), 12);
    expect(sum('seed_model_tokens_total', { direction: 'input' })).toBe(Number(rows[0].tokens));
  });

  it('of streams that are open go up and down with them', async () => {
    const runner = server.runner();
    await postTask({ model: 'house-model' });
    const lease = await runner.lease();
    const open = async () => (await server.scrape()).sum('seed_http_requests_open', { surface: 'llm' });
    expect(await open()).toBe(0);
    const { promise: sent, resolve: send } = Promise.withResolvers<() => void>();
    upstream.behave((response) => {
      startStream(response);
      response.write('data: {"id":"c1","choices":[{"index":0,"delta":{"content":"a"}}]}\n\n');
      send(() => response.end(DONE));
    });
    const answer = await fetch(`${server.url}/llm/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${lease.taskKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'house-model',
        stream: true,
        messages: [{ role: 'user', content: 'x' }],
      }),
    });
    expect(await open()).toBe(1);
    (await sent)();
    await answer.text();
    await until('the stream is over', async () => (await open()) === 0);
    upstream.behave(completion('hello'));
    await runner.settle(lease);
  });

  it('of what could not be written down are there', async () => {
    const away = async (table: string, work: () => Promise<unknown>) => {
      await database.query(`alter table ${table} rename to ${table}_away`);
      try {
        await work();
      } finally {
        await database.query(`alter table ${table}_away rename to ${table}`);
      }
    };
    const runner = server.runner();
    await postTask();
    const lease = await runner.lease();
    const lost = (record: string): [string, Record<string, string>] => ['seed_records_lost_total', { record }];
    const grown = await growth([lost('audit'), lost('call'), lost('model_call')], async () => {
      await away('audit', () => server.newKey(['keys:read']));
      await away('calls', () => server.call('GET', '/api/v1/whoami', { key: lease.taskKey }));
      const body = { model: 'house-model', messages: [{ role: 'user', content: 'x' }] };
      await away('model_calls', () =>
        server.call('POST', '/llm/v1/chat/completions', { key: lease.taskKey, body }),
      );
    });
    await runner.settle(lease);
    expect(grown[0]).toBe(1);
    // Calls of people are written together, once a second, so that some of those may be among them.
    expect(grown[1]).toBeGreaterThanOrEqual(1);
    expect(grown[2]).toBe(1);
  });
});

describe('labels', () => {
  it('hold no id of a key, an account or a task, and no secret, whoever called', async () => {
    const account = (await server.call('POST', '/api/v1/accounts', { body: { name: 'other' } })).body;
    const ids = [account.account.id, account.key.id];
    const secrets = [server.adminKey, account.secret];
    for (let count = 0; count < 12; count += 1) {
      const key = await server.newKey(['keys:*', 'tasks:*'], { name: `name-of-a-key-${count}` });
      await server.call('GET', `/api/v1/keys/${key.id}`, { key: key.secret });
      await server.call('GET', `/api/v1/tasks/${randomUUID()}`, { key: key.secret });
      const lease = await runTask({}, { calls: 1, key: key.secret });
      ids.push(key.id, lease.taskId, lease.leaseId);
      secrets.push(key.secret, lease.taskKey);
    }
    const { text } = await server.scrape();
    expect(text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}/i);
    expect(text).not.toContain('sk_live_');
    expect(text).not.toContain('name-of-a-key');
    for (const id of ids) expect(text).not.toContain(id.slice(0, 8));
    for (const secret of secrets) expect(text).not.toContain(secret.slice(8, 20));
  });

  it('do not grow in number with what callers make up', async () => {
    // Gauges come and go with the runners that are there, and what the process says of itself is no caller's
    // doing.
    const series = ({ families }: Exposition) =>
      [...families]
        .filter(([name, { type }]) => name.startsWith('seed_') && type !== 'gauge')
        .flatMap(([, { samples }]) => samples).length;
    const makeUp = async (name: string) => {
      await runTask({}, { calls: 1, model: name });
      await server.call('GET', `/${name}`);
      await server.call('GET', `/api/v1/${name}`);
    };
    await makeUp('made-up-0');
    // A scrape counts from the next one on.
    await server.scrape();
    const first = series(await server.scrape());
    for (let count = 1; count < 10; count += 1) await makeUp(`made-up-${count}`);
    const last = await server.scrape();
    expect(last.text).not.toContain('made-up');
    expect(series(last)).toBe(first);
  });
});
