// A command of the platform as an MCP tool.
import { heldCall, heldOutput } from './approvals.ts';
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
      orToolError(() => {
        const resultOf = (body: Record<string, unknown>, response: Response | null) => {
          const result = toolResult(body);
          const warning = response?.headers.get('seed-warning') ?? null;
          if (warning !== null) result.content.push({ type: 'text', text: `warning: ${warning}` });
          return result;
        };
        return heldCall(platform, { command, tool: toolNameOf(command), input, resultOf }, ctx);
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
