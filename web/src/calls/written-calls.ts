// A call of a command with a given input, written as people send it themselves: curl, the CLI, MCP. The key is never in it.
import type { ManifestCommand } from '../../../src/protocol/manifest.ts';
import { commandRequest } from '../api/command-request.ts';
import { curlOf } from './curl.ts';
import { mcpTool } from './mcp-tool.ts';
import { shellWord } from './shell-word.ts';

type Input = Record<string, unknown>;

/** @param files names of files that are sent along, as parts of a form */
export function writtenCurl(
  command: ManifestCommand,
  input: Input,
  origin: string,
  files: readonly string[] = [],
): string {
  const { method, path, body } = commandRequest(command, input);
  return curlOf({ method, url: origin + path, json: body, files });
}

/** @param files paths of files that are sent along */
export function writtenCli(
  { name, positional }: Pick<ManifestCommand, 'name' | 'positional'>,
  input: Input,
  files: readonly string[] = [],
): string {
  const given = Object.entries(input).filter(([, value]) => value !== undefined);
  const words = positional.map((property) => shellWord(String(input[property])));
  const flags = given
    .filter(([property]) => !positional.includes(property))
    .map(([property, value]) => flag(property, value));
  const sent = files.map((file) => `--file ${shellWord(file)}`);
  return [['seed', name, ...words].join(' '), ...flags, ...sent].join(' \\\n  ');
}

/** Null: it is not offered over MCP. */
export function writtenMcp(command: ManifestCommand, input: Input): string | null {
  const name = mcpTool(command);
  if (name === null) return null;
  return JSON.stringify({ method: 'tools/call', params: { name, arguments: input } }, null, 2);
}

function flag(property: string, value: unknown): string {
  const name = `--${property.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  if (value === true) return name;
  if (value === false) return name.replace('--', '--no-');
  const text = textOf(value);
  // Otherwise it would be taken for a flag of its own.
  return text.startsWith('-') ? `${name}=${shellWord(text)}` : `${name} ${shellWord(text)}`;
}

function textOf(value: unknown): string {
  const isPlainList =
    Array.isArray(value) && value.every((item) => typeof item === 'string' && !/^\[|,/.test(item));
  if (isPlainList) return value.join(',');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
