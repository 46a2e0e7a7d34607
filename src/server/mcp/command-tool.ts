// A command of the platform as an MCP tool.
import type { Tool, ToolAnnotations } from '@modelcontextprotocol/server';
import type { JsonSchema } from '../../protocol/manifest.ts';
import type { McpTool } from './mcp-server.ts';
import type { Platform, PlatformCommand } from './platform.ts';
import { answerOf, orToolError, toolResult } from './tool-result.ts';

export function commandTool(platform: Platform, command: PlatformCommand): McpTool {
  return {
    definition: {
      name: command.name.replaceAll(' ', '_'),
      title: titleOf(command.name),
      description: `${command.summary}.`,
      inputSchema: inputSchemaOf(command),
      outputSchema: command.outputSchema as Tool['outputSchema'],
      annotations: annotationsOf(command),
    },
    call: (input, ctx) =>
      orToolError(async () =>
        toolResult(await answerOf(await platform.call(command, input, { signal: ctx.mcpReq.signal }))),
      ),
  };
}

/** The command's input, as strict as REST is. */
export function inputSchemaOf(
  { input }: PlatformCommand,
  more: Record<string, JsonSchema> = {},
): Tool['inputSchema'] {
  const schema = { ...input, properties: { ...input.properties, ...more }, additionalProperties: false };
  return schema as Tool['inputSchema'];
}

export function annotationsOf({ effect, creates }: PlatformCommand): ToolAnnotations {
  return {
    readOnlyHint: effect === 'read',
    destructiveHint: effect === 'destructive',
    idempotentHint: !creates,
    openWorldHint: false,
  };
}

/** `keys list` → `Keys: list` */
function titleOf(name: string): string {
  const [noun = name, ...verb] = name.split(' ');
  const capital = noun.charAt(0).toUpperCase() + noun.slice(1);
  return verb.length === 0 ? capital : `${capital}: ${verb.join(' ')}`;
}
