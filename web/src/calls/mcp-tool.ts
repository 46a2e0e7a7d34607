// What the MCP server calls a command; see docs/mcp.md.
import type { ManifestCommand } from '../../../src/protocol/manifest.ts';

/** Those that it serves in its own way. */
const OWN_TOOLS: Record<string, string> = {
  'tasks run': 'runTask',
  'tasks get': 'getTask',
  'tasks stop': 'stopTask',
  'tasks events': 'getTaskEvents',
};

/** Null: it is not offered over MCP. */
export function mcpTool({ name, output, scope }: ManifestCommand): string | null {
  const own = OWN_TOOLS[name];
  if (own) return own;
  return output === 'stream' || output === 'file' || scope === null ? null : name.replaceAll(' ', '_');
}
