// An MCP client: lists the tools that its key may use, calls a command, and hands a task over, watching its progress.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const { SEED_API_URL = 'http://127.0.0.1:3210', SEED_API_KEY } = process.env;

const client = new Client({ name: 'example-11', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
const requestInit = { headers: { authorization: `Bearer ${SEED_API_KEY}` } };
await client.connect(new StreamableHTTPClientTransport(new URL(`${SEED_API_URL}/mcp`), { requestInit }));

try {
  const { tools } = await client.listTools();
  console.log(`${tools.length} tools on the first page, such as ${tools.slice(0, 3).map(({ name }) => name)}`);

  // A command of the platform is a tool; the answer is the one of REST.
  const keys = await client.callTool({ name: 'keys_list', arguments: { limit: 1 } });
  console.log(`keys_list: ${keys.structuredContent.items[0].name}`);

  // runTask waits for the end, and says meanwhile how far it is. Giving up waiting does not stop the task.
  const instruction = 'Count our keys:\n```bash\nseed keys list --json | jq ".items | length > 0"\n```';
  const result = await client.callTool(
    { name: 'runTask', arguments: { instruction, scopes: ['keys:read'], timeout: 60_000, wait: 60 } },
    { onprogress: ({ message }) => console.log(`… ${message}`), timeout: 90_000, resetTimeoutOnProgress: true },
  );
  const { task } = result.structuredContent;
  console.log(`runTask: ${task.status}, ${task.stdout}`);

  // What is refused is a tool's error with a text for the model, and no exception.
  const refused = await client.callTool({ name: 'getTask', arguments: { id: crypto.randomUUID() } });
  console.log(`getTask: ${refused.isError ? refused.content[0].text : 'found?'}`);
} finally {
  await client.close();
}
