// The yardstick: the least that Hono does on this machine. One route that answers a task-sized JSON, without database, key or
// log. A process of its own; api.ts starts it and is told where it listens.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';

process.once('message', (answer: object) => {
  const app = new Hono().get('/tasks/:id', (c) => c.json(answer));
  const server = createServer(getRequestListener(app.fetch));
  server.listen(0, '127.0.0.1', () => {
    process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tasks/one` });
  });
});
