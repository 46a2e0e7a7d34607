// The yardsticks: what Hono does on this machine without any of Seed. `/answer` is a bare route that answers ready
// objects as JSON; `/row` reads a task from the database for it and answers that; `/insert` writes one row durably.
// No key, no check, no log. A process of its own, which api.ts starts and tells what to answer.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { Pool } from 'pg';

export interface BareAnswers {
  /** What `/answer/0`, `/answer/1` and so on answer. */
  answers: readonly object[];
  databaseUrl: string;
}

/** As many as Seed's server has for requests. */
const CONNECTIONS = 16;

// When the measurement ends, so does this.
process.once('disconnect', () => process.exit());
process.once('message', async ({ answers, databaseUrl }: BareAnswers) => {
  const pool = new Pool({ connectionString: databaseUrl, max: CONNECTIONS });
  await pool.query(
    'create table if not exists bare_posts (id uuid primary key, created_at timestamptz not null, body jsonb not null)',
  );
  const app = new Hono();
  app.get('/answer/:n', (c) => c.json(answers[Number(c.req.param('n'))] ?? null));
  app.get('/row/:id', async (c) => {
    const { rows } = await pool.query('select * from tasks where id = $1', [c.req.param('id')]);
    return c.json({ task: rows[0] });
  });
  app.post('/insert', async (c) => {
    const body = await c.req.json();
    const { rows } = await pool.query('insert into bare_posts values ($1, now(), $2) returning *', [
      randomUUID(),
      body,
    ]);
    return c.json({ task: { ...rows[0].body, id: rows[0].id } }, 202);
  });
  const server = createServer(getRequestListener(app.fetch));
  server.listen(0, '127.0.0.1', () => {
    process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  });
});
