// seed mcp install: writes Seed into an MCP client's configuration, shown first. Used by local-commands.ts.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRecord, parseJson } from '../lib/json.ts';
import { IS_REPOSITORY, SEED_ROOT } from '../lib/own-files.ts';
import { SeedError } from '../protocol/errors.ts';
import { fs } from './builtin.ts';

import { EXIT, type Io, usageError } from './io.ts';
import type { LocalCommand } from './local-command.ts';
import { checkUrl, loadProfile, writeWhole } from './profile.ts';
import { sanitise, styleFor } from './terminal.ts';

interface McpClient {
  /** As it is typed. */
  name: string;
  title: string;
  /** The file, in the folder that the client is started in or in the user's home. */
  path(io: Io, platform: NodeJS.Platform): string;
  /** The property of the file that holds the servers by name. */
  property: string;
  entry(launch: Launch): object;
  afterwards: string;
}

/** How the client starts `seed mcp`. */
type Launch = { command: string; args: string[] };

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

const home = (io: Io): string => io.env('HOME') ?? '.';

const NAMES = MCP_CLIENTS.map(({ name }) => name).join(', ');

export const mcpInstall: LocalCommand = {
  name: 'mcp install',
  summary: `Add Seed to an MCP client: ${NAMES}. Shows the change and asks first`,
  usage: 'seed mcp install <client> [--core] [--yes]',
  flags: [
    { name: '--core', summary: 'Only the tools for tasks' },
    { name: '--yes', summary: 'Write without asking' },
  ],
  positionals: ['client'],
  examples: ['seed mcp install claude-code', 'seed --url https://seed.example.com mcp install cursor'],
  async run(io, flags, values) {
    const client = MCP_CLIENTS.find(({ name }) => name === values['client']);
    if (!client) {
      const { client: typed } = values;
      const problem = typed === undefined ? 'which client?' : `"${typed}" is no client of these`;
      throw usageError(problem, `There are: ${NAMES}. Others: docs/mcp.md.`);
    }
    const change = changeOf(io, client, launchOf(flags.url, values['core'] === true ? ['--core'] : []));
    if (change.after === change.before) {
      io.stderr.write(`${client.title} has it already, in ${change.path}.\n`);
      return EXIT.ok;
    }
    show(io, client, change);
    if (values['yes'] !== true && !(await agrees(io))) {
      io.stderr.write('Nothing was written.\n');
      return EXIT.error;
    }
    write(change.path, change.after);
    const needsKey = loadProfile(io, flags.url).key === null;
    io.stderr.write(`Written. ${client.afterwards}\n${needsKey ? 'Log in before: seed login.\n' : ''}`);
    return EXIT.ok;
  },
};

/** The key stays where seed login has put it: no configuration of a client holds it. */
function launchOf(urlFlag: string | undefined, options: string[]): Launch {
  const url = urlFlag === undefined ? [] : ['--url', checkUrl(urlFlag)];
  return {
    command: fileURLToPath(new URL(IS_REPOSITORY ? 'bin/seed' : 'bin/seed.mjs', SEED_ROOT)),
    args: [...url, 'mcp', ...options],
  };
}

/** The file's text before (null: there is none) and after, with the entry of Seed in each. */
function changeOf(io: Io, client: McpClient, launch: Launch) {
  const path = client.path(io, process.platform);
  const before = fs.existsSync(path) ? fs.readFileSync(path, 'utf8') : null;
  const newEntry = client.entry(launch);
  // A file with comments in it is a person's: it is not written over.
  const unreadable = (why: string, cause?: Error) =>
    new SeedError('conflict', `${path} cannot be changed: ${why}`, {
      hint: `Add this by hand, under "${client.property}": "seed": ${JSON.stringify(newEntry)}`,
      cause,
    });
  const config = parseJson(before?.trim() || '{}', (cause) => unreadable('it is not plain JSON', cause));
  if (!isRecord(config)) throw unreadable('it is no object');
  const servers = config[client.property] ?? {};
  if (!isRecord(servers)) throw unreadable(`"${client.property}" is no object`);
  const { seed: oldEntry } = servers;
  const isSame = JSON.stringify(oldEntry) === JSON.stringify(newEntry);
  const changed = { ...config, [client.property]: { ...servers, seed: newEntry } };
  const after = isSame ? (before ?? '') : `${JSON.stringify(changed, null, 2)}\n`;
  return { path, before, after, oldEntry, newEntry };
}

function show(io: Io, client: McpClient, { path, before, oldEntry, newEntry }: ReturnType<typeof changeOf>) {
  const style = styleFor(io.stderr, io);
  const lines = (mark: string, value: unknown) =>
    JSON.stringify(value, null, 2)
      .split('\n')
      .map((line, index) => `${mark} ${index === 0 ? '"seed": ' : ''}${line}`);
  const changed = [...(oldEntry === undefined ? [] : lines('-', oldEntry)), ...lines('+', newEntry)];
  const where = `${path}${before === null ? ' (a new file)' : ''}, under "${client.property}"`;
  io.stderr.write(`${style.bold(client.title)}: ${where}\n${sanitise(changed.join('\n'))}\n`);
}

async function agrees(io: Io): Promise<boolean> {
  if (!io.stdin.isTerminal) {
    const problem = 'seed mcp install asks before it writes, and stdin is no terminal';
    throw usageError(problem, 'Write without asking: --yes');
  }
  io.stderr.write('Write it? [y/N] ');
  const answer = await io.stdin.readLine();
  return answer !== null && /^y(es)?$/i.test(answer);
}

/** Through a link into the file it names, and with that file's rights. */
function write(path: string, text: string): void {
  fs.mkdirSync(dirname(path), { recursive: true });
  const target = fs.existsSync(path) ? fs.realpathSync(path) : path;
  const mode = fs.existsSync(target) ? fs.statSync(target).mode & 0o777 : 0o644;
  writeWhole(target, text, mode);
}
