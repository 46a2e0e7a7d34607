// A call of a command as people send it themselves: curl, the CLI, MCP. The key is never in it.
import { restCall } from '../../../src/lib/rest-call.ts';
import { quoted, shellWord } from '../../../src/lib/shell-word.ts';
import type { ManifestCommand } from '../../../src/protocol/manifest.ts';

type Input = Record<string, unknown>;

interface WrittenCurl {
  command: ManifestCommand;
  input: Input;
  origin: string;
  files?: readonly string[];
}

export function writtenCurl({ command, input, origin, files = [] }: WrittenCurl): string {
  const { method, path, body } = restCall(command, input);
  return curlOf({ method, url: origin + path, json: body, files });
}

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

/** @returns null for a command that is not offered over MCP */
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

interface CurlRequest {
  method: string;
  url: string;
  /** The body; null where there is none. */
  json: string | null;
  /** Names of files to send along: the body is then a form, whose part `task` is the JSON. */
  files?: readonly string[];
  options?: readonly string[];
}

/** A request to Seed as a curl command line, with the key in a variable of the shell. */
export function curlOf({ method, url, json, files = [], options = [] }: CurlRequest): string {
  const sendsForm = files.length > 0;
  // What curl takes by itself is not written.
  const isImplied = method === 'GET' || (method === 'POST' && (json !== null || sendsForm));
  return [
    `curl ${isImplied ? '' : `-X ${method} `}"${url}"`,
    '-H "Authorization: Bearer $SEED_API_KEY"',
    ...(sendsForm
      ? // Literally: in -F a semicolon would begin something else.
        [
          `--form-string ${quoted(`task=${json ?? '{}'}`)}`,
          ...files.map((file) => `-F ${quoted(`file=@${fileWord(file)}`)}`),
        ]
      : json === null
        ? []
        : ['-H "Content-Type: application/json"', `-d ${quoted(json)}`]),
    ...options,
  ].join(' \\\n  ');
}

/** curl reads `;` and `,` as the end of a name that has no quotation marks. */
function fileWord(file: string): string {
  return /[;,"\\]/.test(file) ? `"${file.replace(/["\\]/g, '\\$&')}"` : file;
}

/** Those that it serves in its own way. */
const OWN_TOOLS: Record<string, string> = {
  'tasks run': 'runTask',
  'tasks get': 'getTask',
  'tasks stop': 'stopTask',
  'tasks events': 'getTaskEvents',
};

function mcpTool({ name, output, scope }: ManifestCommand): string | null {
  const own = OWN_TOOLS[name];
  if (own) return own;
  return output === 'stream' || output === 'file' || scope === null ? null : name.replaceAll(' ', '_');
}
