import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SEED_ROOT } from '../lib/own-files.ts';
import type { Io } from './io.ts';
import { MCP_CLIENTS, mcpInstall } from './mcp-install.ts';
import { runCli } from './run.ts';

const SEED = fileURLToPath(new URL('bin/seed', SEED_ROOT));

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'seed-mcp-install-'));
});
afterEach(() => rmSync(home, { recursive: true }));

/** Runs it on a terminal where somebody types this; null: there is no terminal. */
async function install(args: string[], typed: string | null): Promise<{ code: number; shown: string }> {
  const written: string[] = [];
  const out = { isTerminal: false, columns: 80, write: (text: string) => void written.push(text) };
  const io = {
    stdin: { isTerminal: typed !== null, readLine: async () => typed },
    stdout: out,
    stderr: out,
    env: (name: string) => (name === 'HOME' ? home : undefined),
  } as unknown as Io;
  const form = { manifest: null, local: [mcpInstall], version: () => '' };
  const code = await runCli([...args.slice(0, -1), 'mcp', 'install', args.at(-1) ?? ''], form, io);
  return { code, shown: written.join('') };
}

const cursorFile = () => join(home, '.cursor', 'mcp.json');
const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

it('shows the change, and writes it when it is agreed to', async () => {
  const { code, shown } = await install(['cursor'], 'y');
  expect(code).toBe(0);
  expect(shown).toContain(`Cursor: ${cursorFile()} (a new file), under "mcpServers"`);
  expect(shown).toContain(`+ "seed": {\n+   "command": "${SEED}"`);
  expect(read(cursorFile())).toEqual({ mcpServers: { seed: { command: SEED, args: ['mcp'] } } });
});

it.each(['n', '', 'yep', null])('writes nothing after %j', async (typed) => {
  const { code, shown } = await install(['cursor'], typed);
  expect(code).not.toBe(0);
  expect(shown).toMatch(/Nothing was written|--yes/);
  expect(() => statSync(cursorFile())).toThrow();
});

it('keeps what else is in the file, its rights, and the link to it', async () => {
  await mkdir(join(home, '.cursor'));
  await mkdir(join(home, 'dotfiles'));
  const real = join(home, 'dotfiles', 'mcp.json');
  const before = { theme: 'dark', mcpServers: { other: { command: 'x' }, seed: { command: 'old' } } };
  await writeFile(real, JSON.stringify(before));
  await chmod(real, 0o640);
  await symlink(real, cursorFile());
  const { shown } = await install(['--url', 'https://seed.example.com', 'cursor'], 'yes');
  expect(shown).toContain('-   "command": "old"');
  expect(read(real)).toEqual({
    theme: 'dark',
    mcpServers: {
      other: { command: 'x' },
      seed: { command: SEED, args: ['--url', 'https://seed.example.com', 'mcp'] },
    },
  });
  expect(read(cursorFile())).toEqual(read(real));
  expect(statSync(real).mode & 0o777).toBe(0o640);
});

it('says so when it is there already', async () => {
  await install(['cursor'], 'y');
  const { code, shown } = await install(['cursor'], null);
  expect([code, shown]).toEqual([0, `Cursor has it already, in ${cursorFile()}.\n`]);
});

it.each(['// mine\n{}', '[]', '{"mcpServers": []}'])('leaves %j alone and says what to add', async (text) => {
  await mkdir(join(home, '.cursor'));
  await writeFile(cursorFile(), text);
  const { code, shown } = await install(['cursor'], 'y');
  expect(code).toBe(1);
  expect(shown).toContain(`Add this by hand, under "mcpServers": "seed": {"command":"${SEED}","args":["mcp"]}`);
  expect(readFileSync(cursorFile(), 'utf8')).toBe(text);
});

it('names the clients when it does not know one', async () => {
  const { code, shown } = await install(['emacs'], 'y');
  expect(code).toBe(2);
  expect(shown).toContain('There are: claude-code, claude-desktop, cursor, vscode.');
});

it('finds the file of Claude Desktop on each system', () => {
  const io = { env: (name: string) => (name === 'HOME' ? '/home/me' : undefined) } as unknown as Io;
  const desktop = MCP_CLIENTS.find(({ name }) => name === 'claude-desktop');
  expect(desktop?.path(io, 'darwin')).toBe(
    '/home/me/Library/Application Support/Claude/claude_desktop_config.json',
  );
  expect(desktop?.path(io, 'linux')).toBe('/home/me/.config/Claude/claude_desktop_config.json');
});

it.each(MCP_CLIENTS)('docs/mcp.md shows what is written for $name', ({ property, entry }) => {
  const page = readFileSync(new URL('docs/mcp.md', SEED_ROOT), 'utf8');
  const blocks = [...page.matchAll(/```json\n(.+?)```/gs)].map(([, json = '']) => JSON.parse(json));
  const seed = entry({ command: '/path/to/seed/bin/seed', args: ['mcp'] });
  expect(blocks).toContainEqual({ [property]: { seed } });
});
