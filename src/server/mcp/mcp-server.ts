// One MCP server instance: for one HTTP request. It knows the protocol; what it offers is handed to it.
import {
  type CallToolResult,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type ServerContext,
  type Tool,
} from '@modelcontextprotocol/server';
import { LIMITS } from '../../protocol/limits.ts';
import { pageAfter } from './pages.ts';
import { type ResourceSource, serveResources } from './resources.ts';
import { type CreateTaskResult, serveTasks, TASKS_EXTENSION, type TaskSource } from './tasks-extension.ts';

export interface McpTool {
  definition: Tool;
  /** An error that says what to do next is a result with `isError`; what is thrown is the protocol's. */
  call(input: Record<string, unknown>, ctx: ServerContext): Promise<CallToolResult | CreateTaskResult>;
}

export interface Offer {
  version: string;
  instructions: string;
  /** What tools/list shows. */
  tools: readonly McpTool[];
  /** The tool of this name, also when it is not shown: its call says why. */
  findTool(name: string): McpTool | undefined;
  resources: ResourceSource;
  tasks: TaskSource;
}

export type Era = 'legacy' | 'modern';

/** @param era `modern` is 2026-07-28, which alone has the Tasks extension */
export function createMcpServer(offer: Offer, era: Era): Server {
  const { version, instructions, tools, findTool } = offer;
  const server = new Server(
    { name: 'seed', title: 'Seed', version },
    {
      instructions,
      capabilities: {
        tools: {},
        resources: {},
        ...(era === 'modern' && { extensions: { [TASKS_EXTENSION]: {} } }),
      },
    },
  );
  server.setRequestHandler('tools/list', ({ params }) => {
    const { items, nextCursor } = pageAfter(tools, nameOf, params?.cursor, LIMITS.mcp.toolsPage);
    return { tools: items.map(({ definition }) => definition), ...(nextCursor && { nextCursor }) };
  });
  server.setRequestHandler('tools/call', async ({ params }, ctx) => {
    const tool = findTool(params.name);
    if (!tool) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `there is no tool ${params.name}`);
    return (await tool.call(params.arguments ?? {}, ctx)) as CallToolResult;
  });
  serveResources(server, offer.resources);
  if (era === 'modern') serveTasks(server, offer.tasks);
  return server;
}

const nameOf = ({ definition }: McpTool) => definition.name;
