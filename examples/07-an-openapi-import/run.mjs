// Runs the warehouse, and lets an agent work with it through Seed. See README.md.
import { once } from 'node:events';
import { createWarehouse } from './warehouse.mjs';

const { SEED_API_URL = 'http://127.0.0.1:3210', SEED_API_KEY } = process.env;
// The warehouse's own two settings; the same ones that Seed was started with.
const {
  SEED_PACK_WAREHOUSE_URL = 'http://127.0.0.1:8790',
  SEED_PACK_WAREHOUSE_TOKEN = 'a-token-of-the-warehouse',
} = process.env;

const warehouse = createWarehouse(SEED_PACK_WAREHOUSE_TOKEN);
warehouse.listen(Number(new URL(SEED_PACK_WAREHOUSE_URL).port), '127.0.0.1');
await once(warehouse, 'listening');

const instruction = `Take 10 bolts and 5 nuts out of the stock, and tell what is left:
\`\`\`bash
seed stock take bolts --count 10
seed stock take nuts --count 5 || true
seed stock list
env | grep -c a-token || true
\`\`\``;
const response = await fetch(`${SEED_API_URL}/api/v1/tasks/run`, {
  method: 'POST',
  headers: {
    authorization: `Bearer ${SEED_API_KEY}`,
    'content-type': 'application/json',
    prefer: 'wait=60',
  },
  body: JSON.stringify({ instruction, scopes: ['stock:read', 'stock:write'], timeout: 60_000 }),
});
const { task, error } = await response.json();
console.log(task ? `${task.status}:\n${task.stdout}` : `${error.code}: ${error.message}`);
warehouse.close();
if (task?.status !== 'completed') process.exitCode = 1;
