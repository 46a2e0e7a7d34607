// The MCP clients that seed mcp install knows: where each keeps its servers, and in which form. Used by mcp-install.ts.
import { join } from 'node:path';
import type { Io } from './io.ts';

export interface McpClient {
  /** As it is typed. */
  name: string;
  title: string;
  /** The file, in the folder that the client is started in or in the user's home. */
  path(io: Io, platform: NodeJS.Platform): string;
  /** The property of the file that holds the servers by name. */
  property: string;
  entry(launch: Launch): object;
  /** What to do after the file is written. */
  afterwards: string;
}

/** How the client starts `seed mcp`. */
export interface Launch {
  command: string;
  args: string[];
}

const plain = ({ command, args }: Launch) => ({ command, args });
const typed = (launch: Launch) => ({ type: 'stdio', ...plain(launch) });

export const MCP_CLIENTS: readonly McpClient[] = [
  {
    name: 'claude-code',
    title: 'Claude Code',
    path: () => join(process.cwd(), '.mcp.json'),
    property: 'mcpServers',
    entry: typed,
    afterwards: 'Start claude in this folder; /mcp shows the server.',
  },
  {
    name: 'claude-desktop',
    title: 'Claude Desktop',
    path: claudeDesktopPath,
    property: 'mcpServers',
    entry: plain,
    afterwards: 'Quit Claude Desktop and start it again.',
  },
  {
    name: 'cursor',
    title: 'Cursor',
    path: (io) => join(home(io), '.cursor', 'mcp.json'),
    property: 'mcpServers',
    entry: plain,
    afterwards: "Cursor's settings, Tools & MCP, show the server.",
  },
  {
    name: 'vscode',
    title: 'VS Code',
    path: () => join(process.cwd(), '.vscode', 'mcp.json'),
    property: 'servers',
    entry: typed,
    afterwards: 'In VS Code run "MCP: List Servers" and start it.',
  },
];

function claudeDesktopPath(io: Io, platform: NodeJS.Platform): string {
  const file = 'claude_desktop_config.json';
  if (platform === 'darwin') return join(home(io), 'Library', 'Application Support', 'Claude', file);
  return join(io.env('XDG_CONFIG_HOME') ?? join(home(io), '.config'), 'Claude', file);
}

function home(io: Io): string {
  return io.env('HOME') ?? '.';
}
