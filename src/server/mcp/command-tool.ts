// A command of the platform as an MCP tool.
import type { Tool } from '@modelcontextprotocol/server';
import { heldResult, orWaiting } from './approvals.ts';
import type { McpTool } from './mcp-server.ts';
import type { Platform, PlatformCommand } from './platform.ts';
import { annotationsOf, inputSchemaOf, orToolError, toolResult } from './tool.ts';

export function commandTool(platform: Platform, command: PlatformCommand): McpTool {
  return {
    definition: {
      name: command.name.replaceAll(' ', '_'),
      title: titleOf(command.name),
      description: `${command.summary}.`,
      // Of thousands of tools a page is shown.
      get inputSchema() {
        return inputSchemaOf(command);
      },
      get outputSchema() {
        const { outputSchema } = command;
        return (command.mayBeAsked ? orWaiting(outputSchema) : outputSchema) as Tool['outputSchema'];
      },
      annotations: annotationsOf(command),
    },
    call: (input, ctx) =>
      orToolError(async () => {
        const response = await platform.call(command, input, { signal: ctx.mcpReq.signal });
        return heldResult(platform, response, ctx, (body) => toolResult(body));
      }),
  };
}

/** `keys list` → `Keys: list` */
function titleOf(name: string): string {
  const [noun = name, ...verb] = name.split(' ');
  const capital = noun.charAt(0).toUpperCase() + noun.slice(1);
  return verb.length === 0 ? capital : `${capital}: ${verb.join(' ')}`;
}
