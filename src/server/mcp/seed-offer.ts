// What Seed offers over MCP: the tools for tasks, one tool per command, the tasks' resources, the Tasks extension.
import { decideApprovalTool, getApprovalTool, listApprovalsTool } from './approval-tools.ts';
import { commandTool } from './command-tool.ts';
import { createMcpServer, type McpTool, type Offer } from './mcp-server.ts';
import { allowedCommand, type Platform, type PlatformCommand } from './platform.ts';
import type { McpServerFor } from './routes.ts';
import { seedResources } from './seed-resources.ts';
import { getTaskEventsTool, getTaskTool, runTaskTool, stopTaskTool } from './task-tools.ts';
import { seedTasks } from './task-view.ts';

/** They stand in the place of their commands, which are not listed a second time. */
const CORE: Record<string, (platform: Platform, command: PlatformCommand) => McpTool> = {
  'tasks run': runTaskTool,
  'tasks get': getTaskTool,
  'tasks stop': stopTaskTool,
  'tasks events': getTaskEventsTool,
  'approvals list': listApprovalsTool,
  'approvals get': getApprovalTool,
  'approvals approve': decideApprovalTool,
};
/** One tool decides either way. */
const WITHIN_ANOTHER = 'approvals deny';

const INSTRUCTIONS = `Seed hands work to an agent in an isolated sandbox. runTask takes an instruction in plain language; grant
the agent only the scopes that the work needs. A task that outlasts the call goes on: getTask waits for it, getTaskEvents
shows what it does, stopTask ends it. The other tools are the platform's own commands.`;

/** Seed's own server. */
export const seedMcpServer: McpServerFor = (platform, { coreOnly, era }) =>
  createMcpServer(seedOffer(platform, { coreOnly }), era);

/** @param options.coreOnly only the tools for tasks, for clients that choke on long lists */
export function seedOffer(platform: Platform, { coreOnly }: { coreOnly: boolean }): Offer {
  const tools = platform.commands.flatMap((command) => {
    const core = CORE[command.name];
    if (command.name === WITHIN_ANOTHER) return [];
    if (core) return [{ command, isCore: true, tool: core(platform, command) }];
    return command.output === 'stream' || command.output === 'file'
      ? []
      : [{ command, isCore: false, tool: commandTool(platform, command) }];
  });
  const decides = allowedCommand(platform, 'approvals approve') !== undefined;
  // What needs no scope tells a key about itself; that is no work for a tool, but for whom something may wait.
  const isWork = ({ name, scope, mayBeAsked }: PlatformCommand) =>
    scope !== null || (name === 'approvals get' && (mayBeAsked || decides));
  const shown = tools.filter(({ command, isCore }) => command.allowed && isWork(command) && (isCore || !coreOnly));
  const ordered = [...shown.filter(({ isCore }) => isCore), ...shown.filter(({ isCore }) => !isCore)];
  return {
    version: platform.version,
    instructions: INSTRUCTIONS,
    tools: ordered.map(({ tool }) => tool),
    findTool: (name) => tools.find(({ tool }) => tool.definition.name === name)?.tool,
    resources: seedResources(platform),
    tasks: seedTasks(platform),
  };
}
