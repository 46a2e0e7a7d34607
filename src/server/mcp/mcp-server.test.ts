import { Client, InMemoryTransport } from '@modelcontextprotocol/client';
import { expect, it } from 'vitest';
import { createMcpServer, type McpTool, type Offer } from './mcp-server.ts';

const NAMES = Array.from({ length: 120 }, (_, index) => `tool_${index}`);

const tool = (name: string): McpTool => ({
  definition: { name, inputSchema: { type: 'object' } },
  call: async () => ({ content: [] }),
});

const OFFER: Offer = {
  version: '1',
  instructions: '',
  toolNames: NAMES,
  findTool: (name) => (NAMES.includes(name) ? tool(name) : undefined),
  resources: { list: async () => ({ resources: [] }), templates: [], read: async () => null },
  prompts: { list: async () => ({ prompts: [] }), get: async () => null },
  tasks: { get: never, update: never, cancel: never },
};

function never(): never {
  throw new Error('not in this revision');
}

async function connect(): Promise<Client> {
  const [here, there] = InMemoryTransport.createLinkedPair();
  await createMcpServer(OFFER, 'legacy').connect(there);
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(here);
  return client;
}

it('a long list of tools comes in pages, each tool once and in order', async () => {
  const client = await connect();
  const pages: number[] = [];
  const names: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.request({
      method: 'tools/list',
      params: cursor === undefined ? {} : { cursor },
    });
    pages.push(page.tools.length);
    names.push(...page.tools.map(({ name }) => name));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  expect(pages).toEqual([50, 50, 20]);
  expect(names).toEqual(NAMES);
  expect((await client.listTools()).tools).toHaveLength(120);
});

it('a cursor that is none is refused', async () => {
  const client = await connect();
  const asked = client.request({ method: 'tools/list', params: { cursor: 'tool_999' } });
  await expect(asked).rejects.toMatchObject({ code: -32602 });
});
