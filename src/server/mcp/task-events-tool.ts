// getTaskEvents: a page of a task's transcript.
import type { Tool } from '@modelcontextprotocol/server';
import { linesOf } from '../../lib/read-stream.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { TaskEvent } from '../../protocol/event.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { JsonSchema } from '../../protocol/manifest.ts';
import { isTerminal } from '../../protocol/statuses.ts';
import { annotationsOf } from './command-tool.ts';
import type { McpTool } from './mcp-server.ts';
import type { Platform, PlatformCommand } from './platform.ts';
import { answerOf, orToolError, toolResult } from './tool-result.ts';

export function getTaskEventsTool(platform: Platform, command: PlatformCommand): McpTool {
  return {
    definition: {
      name: 'getTaskEvents',
      title: "Read a task's events",
      description:
        'Read what a task has done so far: a page of its events, oldest first. Go on with after = nextAfter until ended.',
      inputSchema: inputSchema(command),
      outputSchema: outputSchema(command) as Tool['outputSchema'],
      annotations: annotationsOf(command),
    },
    call: (input, ctx) =>
      orToolError(async () => {
        const { limit = LIMITS.pageSizeDefault } = input;
        if (Number(limit) > LIMITS.pageSize)
          throw new SeedError('invalid_input', `limit is at most ${LIMITS.pageSize}`);
        const asked = { ...input, limit, past: true };
        const response = await platform.call(command, asked, { signal: ctx.mcpReq.signal });
        if (!response.ok) await answerOf(response);
        const items: TaskEvent[] = [];
        for await (const line of linesOf(response.body ?? new ReadableStream())) items.push(JSON.parse(line));
        const last = items.at(-1);
        const ended = last?.type === 'status' && isTerminal(last.status);
        return toolResult({ items, nextAfter: last?.seq ?? input['after'] ?? 0, ended });
      }),
  };
}

function inputSchema(command: PlatformCommand): Tool['inputSchema'] {
  const { past: _always, ...properties } = command.input.properties ?? {};
  const limit: JsonSchema = {
    type: 'integer',
    minimum: 1,
    maximum: LIMITS.pageSize,
    default: LIMITS.pageSizeDefault,
    description: 'At most so many events',
  };
  const schema = { ...command.input, properties: { ...properties, limit }, additionalProperties: false };
  return schema as Tool['inputSchema'];
}

function outputSchema({ outputSchema: { $defs, ...item } }: PlatformCommand): JsonSchema {
  return {
    type: 'object',
    properties: {
      items: { type: 'array', items: item },
      nextAfter: { type: 'integer', description: 'The `after` of the next page' },
      ended: { type: 'boolean', description: 'Whether the last of them is the end of the task' },
    },
    required: ['items', 'nextAfter', 'ended'],
    additionalProperties: false,
    ...($defs !== undefined && { $defs }),
  };
}
