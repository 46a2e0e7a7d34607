// What Seed offers over MCP: the tools for tasks, one tool per command, the tasks' resources, templates as
// prompts, the Tasks extension.
import { decideApprovalTool, getApprovalTool, listApprovalsTool } from './approval-tools.ts';
import { commandTool, toolNameOf } from './command-tool.ts';
import { createMcpServer, type McpTool, type Offer } from './mcp-server.ts';
import { allowedCommand, type Platform, type PlatformCommand } from './platform.ts';
import type { McpServerFor } from './routes.ts';
import { seedPrompts } from './seed-prompts.ts';
import { seedResources } from './seed-resources.ts';
import { getTaskEventsTool, getTaskTool, runTaskTool, stopTaskTool } from './task-tools.ts';
import { seedTasks } from './task-view.ts';

/** They stand in the place of their commands, which are not listed a second time. */
const CORE: Record<string, { name: string; tool(platform: Platform, command: PlatformCommand): McpTool }> = {
  'tasks run': { name: 'runTask', tool: runTaskTool },
  'tasks get': { name: 'getTask', tool: getTaskTool },
  'tasks stop': { name: 'stopTask', tool: stopTaskTool },
  'tasks events': { name: 'getTaskEvents', tool: getTaskEventsTool },
  'approvals list': { name: 'listApprovals', tool: listApprovalsTool },
  'approvals get': { name: 'getApproval', tool: getApprovalTool },
  'approvals approve': { name: 'decideApproval', tool: decideApprovalTool },
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
  // Of thousands of commands a request makes the tools that it shows or calls.
  const named = new Map(
    platform.commands
      .filter(({ name, output }) => name in CORE || (output !== 'stream' && output !== 'file'))
      .filter(({ name }) => name !== WITHIN_ANOTHER)
      .map((command) => [CORE[command.name]?.name ?? toolNameOf(command), command]),
  );
  const decides = allowedCommand(platform, 'approvals approve') !== undefined;
  // What needs no scope tells a key about itself; that is no work for a tool, but where something may wait.
  const isWork = (command: PlatformCommand) =>
    command.scope !== null || (command.name === 'approvals get' && (decides || platform.mayBeAsked(command)));
  const shown = [...named].filter(([, command]) => platform.allows(command) && isWork(command));
  const core = Object.keys(CORE).flatMap((name) => shown.filter(([, command]) => command.name === name));
  const others = coreOnly ? [] : shown.filter(([, { name }]) => !(name in CORE));
  const ordered = [...core, ...others];
  return {
    version: platform.version,
    instructions: INSTRUCTIONS,
    toolNames: ordered.map(([name]) => name),
    findTool: (name) => {
      const command = named.get(name);
      return command && (CORE[command.name]?.tool ?? commandTool)(platform, command);
    },
    resources: seedResources(platform),
    prompts: seedPrompts(platform),
    tasks: seedTasks(platform),
  };
}
