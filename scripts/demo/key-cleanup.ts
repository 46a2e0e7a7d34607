// The plain demo: the brief's first instruction, on an inventory of nine keys.
import { checkOutcome } from './check-outcome.ts';
import { createInventory } from './inventory.ts';
import { type Connection, heading, say, seedCli } from './show.ts';

const INSTRUCTION = 'Check our API key inventory and revoke any expired ones';

/** @returns what did not come out as it should, empty when all did */
export async function showKeyCleanup(connection: Connection): Promise<string[]> {
  await createInventory(connection);
  heading('The keys before');
  await seedCli(connection, ['keys', 'list']);
  heading('A task, for an agent that may read and write keys and nothing else');
  const run = ['tasks', 'run', '--instruction', INSTRUCTION, '--scopes', 'keys:read,keys:write'];
  await seedCli(connection, [...run, '--timeout', '60000']);
  heading('The task, as GET /api/v1/tasks/{id} answers it');
  const problems = await checkOutcome(connection, (task) => say(JSON.stringify({ task }, null, 2)));
  heading('The keys after');
  await seedCli(connection, ['keys', 'list']);
  return problems;
}
