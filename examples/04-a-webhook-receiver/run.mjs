// Has Seed post to the receiver: makes a webhook, sends an event of Seed's and a forged one, and removes it again.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { receiver } from './receiver.mjs';

const { SEED_API_URL = 'http://127.0.0.1:3210', SEED_API_KEY, PORT = '8787' } = process.env;
const URL_OF_RECEIVER = `http://127.0.0.1:${PORT}/hooks`;

async function api(method, path, body) {
  const response = await fetch(`${SEED_API_URL}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${SEED_API_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${answer.error.code}: ${answer.error.message} ${answer.error.hint ?? ''}`);
  return answer;
}

const { webhook, secret } = await api('POST', '/webhooks', { url: URL_OF_RECEIVER, description: 'example 04' });
const take = receiver(secret, ({ type, timestamp }) => console.log(`took ${type} of ${timestamp}`));
const server = createServer(take);
try {
  server.listen(Number(PORT), '127.0.0.1');
  await once(server, 'listening');
  const { delivery } = await api('POST', `/webhooks/${webhook.id}/test`, {});
  console.log(`Seed's own was answered ${delivery.attempts[0].status}`);

  const headers = {
    'webhook-id': 'msg_forged',
    'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
    'webhook-signature': 'v1,Zm9yZ2VkIGJ5IHNvbWVib2R5IHdpdGhvdXQgdGhlIGtleQ==',
  };
  const forged = await fetch(URL_OF_RECEIVER, { method: 'POST', headers, body: '{"type":"task.completed"}' });
  console.log(`a forged one was answered ${forged.status}`);
} finally {
  await api('DELETE', `/webhooks/${webhook.id}`);
  server.close();
}
