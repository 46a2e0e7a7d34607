// One MCP server instance: for one HTTP request. It knows the protocol; what it offers is handed to it.
import {
  type CallToolResult,
  ProtocolError,
  ProtocolErrorCode,
  type ReadResourceResult,
  type Resource,
  ResourceNotFoundError,
  type ResourceTemplateType,
  Server,
  type ServerContext,
  type Tool,
} from '@modelcontextprotocol/server';
import { LIMITS } from '../../protocol/limits.ts';
import { type CreateTaskResult, serveTasks, TASKS_EXTENSION, type TaskSource } from './tasks-extension.ts';

export interface McpTool {
  definition: Tool;
  /** An error that says what to do next is a result with `isError`; what is thrown is the protocol's. */
  call(input: Record<string, unknown>, ctx: ServerContext): Promise<CallToolResult | CreateTaskResult>;
}

export interface ResourceSource {
  list(cursor: string | undefined, ctx: ServerContext): Promise<{ resources: Resource[]; nextCursor?: string }>;
  templates: ResourceTemplateType[];
  /** Null: there is no such resource. */
  read(uri: string, ctx: ServerContext): Promise<ReadResourceResult['contents'] | null>;
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
    const { items, nextCursor } = pageAfter(tools, nameOf, {
      cursor: params?.cursor,
      size: LIMITS.mcp.toolsPage,
    });
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

/** resources/list, resources/templates/list and resources/read. */
function serveResources(server: Server, source: ResourceSource): void {
  server.setRequestHandler('resources/list', ({ params }, ctx) => source.list(params?.cursor, ctx));
  server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates: source.templates }));
  server.setRequestHandler('resources/read', async ({ params: { uri } }, ctx) => {
    const contents = await source.read(uri, ctx);
    if (contents === null) throw new ResourceNotFoundError(uri);
    return { contents };
  });
}

/**
 * A page of a list that is at hand. The cursor names the last item of the page before, so it stays right when
 * others come or go.
 * @throws ProtocolError when the cursor is none of this list's
 */
function pageAfter<Item>(
  items: readonly Item[],
  nameOf: (item: Item) => string,
  { cursor, size }: { cursor: string | undefined; size: number },
): { items: Item[]; nextCursor: string | null } {
  const start = cursor === undefined ? 0 : items.findIndex((item) => nameOf(item) === cursor) + 1;
  if (cursor !== undefined && start === 0) {
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'the cursor is not one that this list gave out');
  }
  const page = items.slice(start, start + size);
  const last = page.at(-1);
  const isLast = last === undefined || start + size >= items.length;
  return { items: page, nextCursor: isLast ? null : nameOf(last) };
}
