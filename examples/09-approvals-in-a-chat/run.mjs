// A task asks, the bot tells the chat, somebody clicks, the task goes on. Here the chat is this terminal and the
// script is the somebody; with CHAT_WEBHOOK_URL it is your chat tool, and you are.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { approvalBot } from './bot.mjs';

const { SEED_API_URL = 'http://127.0.0.1:3210', SEED_API_KEY, CHAT_WEBHOOK_URL, PORT = '8788' } = process.env;
const url = `http://127.0.0.1:${PORT}`;

async function api(method, path, body, key = SEED_API_KEY) {
  const response = await fetch(`${SEED_API_URL}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', prefer: 'wait=120' },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${answer.error.code}: ${answer.error.message} ${answer.error.hint ?? ''}`);
  return answer;
}

/** As incoming webhooks of chat tools take it. */
async function say(text) {
  console.log(text);
  const body = JSON.stringify({ text });
  const headers = { 'content-type': 'application/json' };
  if (CHAT_WEBHOOK_URL) await fetch(CHAT_WEBHOOK_URL, { method: 'POST', headers, body });
  else click(/Yes: (\S+)/.exec(text)[1]);
}

async function click(link) {
  console.log(`A look at the link shows ${await (await fetch(link)).text()}`);
  console.log(`A click on the button: ${await (await fetch(link, { method: 'POST' })).text()}`);
}

const asking = await api('POST', '/keys', {
  name: 'asks before it makes a key',
  scopes: ['tasks:write', 'keys:write'],
  limits: [{ command: 'keys create', calls: 0, per: 'day', else: 'ask' }],
});
// Whoever asks does not decide: the bot has a key of its own, which can do nothing else.
const deciding = await api('POST', '/keys', { name: 'approval bot', scopes: ['approvals:write'] });
const decide = async (id, decision) =>
  (await api('POST', `/approvals/${id}/${decision}`, { message: 'said in the chat' }, deciding.secret)).approval
    .state;
const events = ['task.approval_requested'];
const { webhook, secret } = await api('POST', '/webhooks', { url: `${url}/hooks`, events });
const linkSecret = randomBytes(32);
const server = createServer(approvalBot({ url, webhookSecret: secret, linkSecret, say, decide }));
try {
  server.listen(Number(PORT), '127.0.0.1');
  await once(server, 'listening');
  const instruction = '```bash\nseed keys create --name billing --scopes keys:write --json | grep -c sk_live\n```';
  const { task } = await api('POST', '/tasks/run', { instruction, approval: { wait: 100_000 } }, asking.secret);
  console.log(`The task is ${task.status}: ${task.stdout}`);
} finally {
  for (const { key } of [asking, deciding]) await api('POST', `/keys/${key.id}/revoke`);
  await api('DELETE', `/webhooks/${webhook.id}`);
  server.close();
}
