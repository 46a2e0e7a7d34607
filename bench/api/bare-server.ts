// The yardsticks: what Hono does on this machine without any of Seed. `/answer` is a bare route that answers the
// same JSON every time; `/row` reads a task from the database for it and answers that. No key, no check, no log. A
// process of its own, which api.ts starts and tells what to answer.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { Pool } from 'pg';

export interface BareAnswers {
  answer: object;
  databaseUrl: string;
}

// When the measurement ends, so does this.
process.once('disconnect', () => process.exit());
process.once('message', ({ answer, databaseUrl }: BareAnswers) => {
  const pool = new Pool({ connectionString: databaseUrl });
  const app = new Hono();
  app.get('/answer', (c) => c.json(answer));
  app.get('/row/:id', async (c) => {
    const { rows } = await pool.query('select * from tasks where id = $1', [c.req.param('id')]);
    return c.json({ task: rows[0] });
  });
  const server = createServer(getRequestListener(app.fetch));
  server.listen(0, '127.0.0.1', () => {
    process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  });
});
