// A database that stands still again and again under clients that give up and send the same once more: each key is
// one task. SEED_STALLS=full: 1,200 keys under four stalls of 6.5 s; otherwise a short form.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { rowsOf } from '../fixtures/database.ts';
import { linedDatabase } from '../fixtures/lined-database.ts';
import { startTestServer } from '../fixtures/server.ts';

const FULL = process.env['SEED_STALLS'] === 'full';
const { keys, clients, stalls, stallMs, patienceMs } = FULL
  ? { keys: 1_200, clients: 24, stalls: 4, stallMs: 6_500, patienceMs: 2_000 }
  : { keys: 60, clients: 6, stalls: 2, stallMs: 2_500, patienceMs: 1_500 };

it(`${keys} keys under ${stalls} stalls of the database are ${keys} tasks`, {
  timeout: 300_000,
}, async () => {
  const database = await linedDatabase();
  const { line } = database;
  const server = await startTestServer({ databaseUrl: database.linedUrl });
  await server.runner().appear();
  const waiting = Array.from({ length: keys }, (_, index) => `key-${index}`);
  const answered = new Map<string, string>();
  let attempts = 0;
  const client = async () => {
    for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
      while (!answered.has(key)) {
        attempts += 1;
        const id = await post(server.url, server.adminKey, key, patienceMs);
        if (id === null) await sleep(50);
        else answered.set(key, id);
      }
    }
  };
  const working = Promise.all(Array.from({ length: clients }, client));
  for (let stall = 1; stall <= stalls; stall += 1) {
    await expect
      .poll(() => answered.size, { timeout: 120_000 })
      .toBeGreaterThan((keys * (stall - 0.5)) / (stalls + 1));
    line.freeze();
    await sleep(stallMs);
    line.mend();
  }
  await working;
  const [tasks] = await rowsOf(database.databaseUrl, 'select count(*)::int as n from tasks');
  const [rows] = await rowsOf(
    database.databaseUrl,
    `select count(*)::int as n, count(*) filter (where status is null)::int as unknown
     from calls where idempotency_key is not null`,
  );
  console.log(
    `${keys} keys in ${attempts} attempts under ${stalls} stalls of ${stallMs} ms: ${tasks?.['n']} tasks, ${answered.size} answered, ${rows?.['n']} rows`,
  );
  await server.stop();
  await database.drop();
  expect(tasks?.['n']).toBe(keys);
  expect(new Set(answered.values()).size).toBe(keys);
  expect(rows).toEqual({ n: keys, unknown: 0 });
  expect(attempts).toBeGreaterThan(keys);
});

/** The task's id; null: not answered in time, or with an error that sending it again may mend. */
async function post(url: string, adminKey: string, key: string, patienceMs: number): Promise<string | null> {
  try {
    const response = await fetch(`${url}/api/v1/tasks/run`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${adminKey}`,
        'content-type': 'application/json',
        'idempotency-key': key,
      },
      body: JSON.stringify({ instruction: key }),
      signal: AbortSignal.timeout(patienceMs),
    });
    const body = (await response.json()) as { task?: { id: string }; error?: { code: string } };
    return body.task?.id ?? null;
  } catch {
    return null;
  }
}
