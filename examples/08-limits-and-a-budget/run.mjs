// A key whose agents may hand out keys, and only as its limits say; and a task that stops at its budget.
const { SEED_API_URL = 'http://127.0.0.1:3210', SEED_API_KEY } = process.env;

async function api(method, path, body, key = SEED_API_KEY) {
  const response = await fetch(`${SEED_API_URL}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', prefer: 'wait=60' },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${answer.error.code}: ${answer.error.message} ${answer.error.hint ?? ''}`);
  return answer;
}

const { key, secret } = await api('POST', '/keys', {
  name: 'hands out keys',
  scopes: ['tasks:write', 'keys:read', 'keys:write'],
  expiresIn: '1h',
  limits: [
    {
      command: 'keys create',
      input: {
        properties: {
          name: { pattern: '^ci-[a-z]+$' },
          scopes: { items: { const: 'keys:read' } },
        },
      },
      calls: 2,
      per: 'day',
    },
  ],
});

try {
  const instruction = `Make keys for our builds, and one for me:
\`\`\`bash
seed keys create --name ci-web --scopes keys:read --quiet >/dev/null && echo "ci-web: made"
seed keys create --name mine --scopes keys:read 2>&1 | head -n 1
seed keys create --name ci-root --scopes keys:read --scopes keys:write 2>&1 | head -n 1
seed keys create --name ci-docs --scopes keys:read --quiet >/dev/null && echo "ci-docs: made"
seed keys create --name ci-more --scopes keys:read 2>&1 | head -n 1
\`\`\``;
  const limited = await api('POST', '/tasks/run', { instruction, timeout: 60_000 }, secret);
  console.log(`${limited.task.status}:\n${limited.task.stdout}`);

  // Two calls of the model: the third block is never run.
  const endless = ['echo one', 'echo two', 'echo three'].map((line) => `\`\`\`bash\n${line}\n\`\`\``).join('\n');
  const budget = { calls: 2, tokens: 100_000, usd: 0.1 };
  const { task } = await api('POST', '/tasks/run', { instruction: endless, scopes: [], budget }, secret);
  console.log(`${task.status}, ${task.error.code}, after ${task.used.calls} calls of the model: ${task.stdout}`);
} finally {
  // The keys that the task has made ended with the task.
  await api('POST', `/keys/${key.id}/revoke`);
}
