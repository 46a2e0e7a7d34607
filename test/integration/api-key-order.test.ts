// The order in which a presented key is checked: a key that is wrong in every way is mended one way after the
// other.
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { generateKeySecret, hashKeySecret } from '../../src/lib/key-secret.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

let server: TestServer;
let database: Client;
beforeAll(async () => {
  server = await startTestServer({ trustedProxies: ['127.0.0.1'] });
  database = new Client({ connectionString: server.databaseUrl });
  await database.connect();
});
afterAll(async () => {
  await database?.end();
  await server?.stop();
});

it('is checksum, exists, enabled, expiry, address, rate, scope, and then the input', async () => {
  const { id } = await server.newKey(['audit:read'], {
    allowedCidrs: ['203.0.113.0/24'],
    requestsPerMinute: 1,
  });
  await database.query("update keys set enabled = false, expires_at = now() - interval '1 hour' where id = $1", [
    id,
  ]);
  const secret = generateKeySecret();
  // The last character belongs to the checksum.
  let sent = secret.slice(0, -1) + (secret.endsWith('x') ? 'y' : 'x');
  let address = '198.51.100.1';
  const call = async () => {
    const answer = await server.call('GET', '/api/v1/keys?limit=none', {
      key: sent,
      headers: { 'x-forwarded-for': address },
    });
    return [answer.status, answer.body.error.code, answer.body.error.message];
  };

  expect(await call()).toEqual([401, 'invalid_key', expect.stringContaining('checksum')]);
  sent = secret;
  expect(await call()).toEqual([401, 'invalid_key', expect.stringContaining('no such')]);
  await database.query('update keys set secret_hash = $2 where id = $1', [id, hashKeySecret(secret)]);
  expect(await call()).toEqual([401, 'key_disabled', expect.any(String)]);
  await database.query('update keys set enabled = true where id = $1', [id]);
  expect(await call()).toEqual([401, 'key_expired', expect.any(String)]);
  await database.query('update keys set expires_at = null where id = $1', [id]);
  expect(await call()).toEqual([403, 'address_not_allowed', expect.any(String)]);
  address = '203.0.113.1';
  // None of the calls before has used up the one request a minute.
  expect(await call()).toEqual([403, 'missing_scope', expect.any(String)]);
  expect(await call()).toEqual([429, 'rate_limited', expect.any(String)]);
  // What nobody told the server of, it may know from half a second before.
  await database.query('update keys set requests_per_minute = null where id = $1', [id]);
  await expect.poll(call).toEqual([403, 'missing_scope', expect.any(String)]);
  await database.query("update keys set scopes = '{keys:read}' where id = $1", [id]);
  await expect.poll(call).toEqual([400, 'invalid_input', expect.any(String)]);
});
