// What Seed offers over MCP: the tools for tasks, one tool per command, the tasks' resources, the Tasks extension.
import { createMcpServer, type McpTool, type Offer } from './mcp-server.ts';
import type { Platform, PlatformCommand } from './platform.ts';
import type { McpServerFor } from './routes.ts';
import { seedResources } from './seed-resources.ts';
import { getTaskEventsTool, getTaskTool, runTaskTool, stopTaskTool } from './task-tools.ts';
import { seedTasks } from './task-view.ts';
import { commandTool, toolNameOf } from './tool.ts';

/** They stand in the place of their commands, which are not listed a second time. */
const CORE: Record<string, { name: string; tool(platform: Platform, command: PlatformCommand): McpTool }> = {
  'tasks run': { name: 'runTask', tool: runTaskTool },
  'tasks get': { name: 'getTask', tool: getTaskTool },
  'tasks stop': { name: 'stopTask', tool: stopTaskTool },
  'tasks events': { name: 'getTaskEvents', tool: getTaskEventsTool },
};

const INSTRUCTIONS = `Seed hands work to an agent in an isolated sandbox. runTask takes an instruction in plain language; grant
the agent only the scopes that the work needs. A task that outlasts the call goes on: getTask waits for it, getTaskEvents
shows what it does, stopTask ends it. The other tools are the platform's own commands.`;

/** Seed's own server. */
export const seedMcpServer: McpServerFor = (platform, { coreOnly, era }) =>
  createMcpServer(seedOffer(platform, { coreOnly }), era);

/** @param options.coreOnly only the tools for tasks, for clients that choke on long lists */
export function seedOffer(platform: Platform, { coreOnly }: { coreOnly: boolean }): Offer {
  // Of thousands of commands a request makes the tools that it shows or calls.
  const named = new Map(
    platform.commands
      .filter(({ name, output }) => name in CORE || (output !== 'stream' && output !== 'file'))
      .map((command) => [CORE[command.name]?.name ?? toolNameOf(command), command]),
  );
  // What needs no scope tells a key about itself; that is no work for a tool.
  const shown = [...named].filter(([, command]) => command.scope !== null && platform.allows(command));
  const isCore = ([, { name }]: [string, PlatformCommand]) => name in CORE;
  const ordered = [...shown.filter(isCore), ...(coreOnly ? [] : shown.filter((each) => !isCore(each)))];
  return {
    version: platform.version,
    instructions: INSTRUCTIONS,
    toolNames: ordered.map(([name]) => name),
    findTool: (name) => {
      const command = named.get(name);
      return command && (CORE[command.name]?.tool ?? commandTool)(platform, command);
    },
    resources: seedResources(platform),
    tasks: seedTasks(platform),
  };
}
