// A program that hands work over: a task, followed to its end; a list, page by page; and what a refusal looks like.
// In a project of yours the import is 'seed-client'.
import { createSeed, SeedError } from '../../clients/typescript/src/index.ts';

const { SEED_API_URL = 'http://127.0.0.1:3210', SEED_API_KEY = '' } = process.env;
const seed = createSeed({ url: SEED_API_URL, key: SEED_API_KEY });

const run = await seed.tasks.run({
  instruction: 'Tell which scopes you have:\n```bash\nseed whoami --json | jq -c .key.scopes\n```',
  scopes: ['keys:read'],
  timeout: 60_000,
});
// Through cuts and restarts of the server: none is lost, and none comes twice.
for await (const event of run.events()) {
  if (event.type === 'status') console.log(`${event.seq} ${event.status} ${event.phase ?? ''}`);
  if (event.type === 'tool_call') console.log(`${event.seq} ${JSON.stringify(event.input)}`);
}
const task = await run.result();
console.log(`${task.status}: ${task.stdout ?? task.error?.message}`);

try {
  await seed.tasks.run({ instruction: 'x', scopes: ['keys:fly'] });
} catch (error) {
  if (!(error instanceof SeedError)) throw error;
  console.log(`refused: ${error.status} ${error.code}: ${error.message}`);
}
