import { Hono } from 'hono';
import { expect, test } from 'vitest';
import type { Logger } from '../../lib/log.ts';
import { logRequests } from './every-request.ts';
import type { HttpEnv } from './http-types.ts';

test('what runners ask all the time is logged at debug, unless it fails', async () => {
  const lines: string[] = [];
  const at = (level: string) => (fields: { path: string; status: number }) =>
    void lines.push(`${level} ${fields.status} ${fields.path}`);
  const app = new Hono<HttpEnv>();
  app.use(logRequests({ info: at('info'), debug: at('debug') } as unknown as Logger));
  app.post('/runner/v1/lease', (c) => c.body(null, 204));
  app.post('/runner/v1/heartbeat', (c) => c.body(null, 401));
  app.post('/runner/v1/tasks/x/settle', (c) => c.body(null, 204));
  app.get('/api/v1/keys', (c) => c.body('{}'));
  for (const path of ['/runner/v1/lease', '/runner/v1/heartbeat', '/runner/v1/tasks/x/settle'])
    await app.request(path, { method: 'POST' });
  await app.request('/api/v1/keys');
  expect(lines).toEqual([
    'debug 204 /runner/v1/lease',
    'info 401 /runner/v1/heartbeat',
    'info 204 /runner/v1/tasks/x/settle',
    'info 200 /api/v1/keys',
  ]);
});
