// A command of the platform as an MCP tool.
import { heldOutput, heldResult } from './approvals.ts';
import type { McpTool } from './mcp-server.ts';
import type { Platform, PlatformCommand } from './platform.ts';
import { annotationsOf, inputSchemaOf, orToolError, toolResult } from './tool.ts';

export function commandTool(platform: Platform, command: PlatformCommand): McpTool {
  return {
    definition: {
      name: toolNameOf(command),
      title: titleOf(command.name),
      description: `${command.summary}.`,
      inputSchema: inputSchemaOf(command),
      outputSchema: heldOutput(platform, command),
      annotations: annotationsOf(command),
    },
    call: (input, ctx) =>
      orToolError(async () => {
        const response = await platform.call(command, input, { signal: ctx.mcpReq.signal });
        return heldResult(platform, response, ctx, (body) => {
          const result = toolResult(body);
          const warning = response.headers.get('seed-warning');
          if (warning !== null) result.content.push({ type: 'text', text: `warning: ${warning}` });
          return result;
        });
      }),
  };
}

/** `keys list` → keys_list */
export const toolNameOf = ({ name }: PlatformCommand): string => name.replaceAll(' ', '_');

/** `keys list` → `Keys: list` */
function titleOf(name: string): string {
  const [noun = name, ...verb] = name.split(' ');
  const capital = noun.charAt(0).toUpperCase() + noun.slice(1);
  return verb.length === 0 ? capital : `${capital}: ${verb.join(' ')}`;
}
