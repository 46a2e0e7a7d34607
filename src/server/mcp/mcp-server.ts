// One MCP server instance: for one HTTP request. It knows the protocol; what it offers is handed to it.
import {
  type CallToolResult,
  type GetPromptResult,
  type ListPromptsResult,
  type ListToolsResult,
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
import type { JsonSchema } from '../../protocol/manifest.ts';
import { givenInput } from './given-input.ts';
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

export interface PromptSource {
  list(cursor: string | undefined, ctx: ServerContext): Promise<ListPromptsResult>;
  /** Null: there is no such prompt. */
  get(name: string, given: Record<string, string>, ctx: ServerContext): Promise<GetPromptResult | null>;
}

export interface Offer {
  version: string;
  instructions: string;
  /** What tools/list shows, in its order. */
  toolNames: readonly string[];
  /** The tool of this name, also when it is not shown: its call says why. */
  findTool(name: string): McpTool | undefined;
  resources: ResourceSource;
  prompts: PromptSource;
  tasks: TaskSource;
}

export type Era = 'legacy' | 'modern';

/** @param era `modern` is 2026-07-28, which alone has the Tasks extension */
export function createMcpServer(offer: Offer, era: Era): Server {
  const { version, instructions, findTool, resources, prompts } = offer;
  const extensions = era === 'modern' && { extensions: { [TASKS_EXTENSION]: {} } };
  const capabilities = { tools: {}, resources: {}, prompts: {}, ...extensions };
  const server = new Server({ name: 'seed', title: 'Seed', version }, { instructions, capabilities });
  server.setRequestHandler('tools/list', ({ params }) => toolsAfter(params?.cursor, offer));
  server.setRequestHandler('tools/call', async ({ params }, ctx) => {
    const tool = findTool(params.name);
    if (!tool) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `there is no tool ${params.name}`);
    const input = givenInput(params.arguments ?? {}, tool.definition.inputSchema as JsonSchema);
    return (await tool.call(input, ctx)) as CallToolResult;
  });
  server.setRequestHandler('resources/list', ({ params }, ctx) => resources.list(params?.cursor, ctx));
  server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates: resources.templates }));
  server.setRequestHandler('resources/read', async ({ params: { uri } }, ctx) => {
    const contents = await resources.read(uri, ctx);
    if (contents === null) throw new ResourceNotFoundError(uri);
    return { contents };
  });
  server.setRequestHandler('prompts/list', ({ params }, ctx) => prompts.list(params?.cursor, ctx));
  server.setRequestHandler('prompts/get', async ({ params }, ctx) => {
    const prompt = await prompts.get(params.name, params.arguments ?? {}, ctx);
    if (prompt) return prompt;
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, `there is no prompt ${params.name}`);
  });
  if (era === 'modern') serveTasks(server, offer.tasks);
  return server;
}

/**
 * A page of the tools. The cursor names the last tool of the page before: it stays right when others come or go.
 * @throws ProtocolError when the cursor is none of this list's
 */
function toolsAfter(cursor: string | undefined, { toolNames, findTool }: Offer): ListToolsResult {
  const start = cursor === undefined ? 0 : toolNames.indexOf(cursor) + 1;
  if (cursor !== undefined && start === 0) {
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'the cursor is not one that this list gave out');
  }
  const page = toolNames.slice(start, start + LIMITS.mcp.toolsPage);
  const last = page.at(-1);
  return {
    tools: page.flatMap((name) => findTool(name)?.definition ?? []),
    ...(last !== undefined && start + page.length < toolNames.length && { nextCursor: last }),
  };
}
