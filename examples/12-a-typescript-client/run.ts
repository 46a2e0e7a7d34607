// Uses the client: a task, followed to its end, and what a refusal looks like.
import { createSeed, SeedRefusal } from './seed.ts';

const { SEED_API_URL = 'http://127.0.0.1:3210', SEED_API_KEY = '' } = process.env;
const seed = createSeed({ url: SEED_API_URL, key: SEED_API_KEY });

const { id } = await seed.run({
  instruction: 'Tell which scopes you have:\n```bash\nseed whoami --json | jq -c .key.scopes\n```',
  scopes: ['keys:read'],
  timeout: 60_000,
});
for await (const event of seed.follow(id)) {
  if (event.type === 'status') console.log(`${event.seq} ${event['status']} ${event['phase'] ?? ''}`);
  if (event.type === 'tool_call') console.log(`${event.seq} ${JSON.stringify(event['input'])}`);
}
const task = await seed.get(id);
console.log(`${task.status}: ${task.stdout ?? task.error?.message}`);

try {
  await seed.run({ instruction: 'x', scopes: ['keys:fly'] });
} catch (error) {
  if (!(error instanceof SeedRefusal)) throw error;
  console.log(`refused: ${error.message}`);
}
