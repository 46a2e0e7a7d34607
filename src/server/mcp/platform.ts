// What the MCP server stands on: the platform's commands, and calls of them over REST as the presented key. Scope,
// limits, audit, ledger and errors are therefore REST's. The calls go into the same application, without a socket,
// as the key and from the address that the MCP request came with.

import type { Context, Hono } from 'hono';
import type { Actor } from '../../command/call.ts';
import { type Command, isFile, isStream } from '../../command/define-command.ts';
import { toJsonSchema, toManifest } from '../../command/manifest.ts';
import type { Registry } from '../../command/registry.ts';
import { CREDENTIAL_HEADER } from '../../lib/pack-setting.ts';
import { restCall } from '../../lib/rest-call.ts';
import type { Key } from '../../protocol/key.ts';
import type { JsonSchema, ManifestCommand } from '../../protocol/manifest.ts';
import type { HttpEnv } from '../http/http-types.ts';

export interface PlatformCommand extends ManifestCommand {
  /** Of the answer; of a stream command, of one item. */
  outputSchema: JsonSchema;
}

export interface CallOptions {
  signal: AbortSignal;
  /** Seconds that the answer may be held until the task has ended. */
  waitSeconds?: number;
}

export interface Platform {
  version: string;
  /** All there are, made once: a request sees no more of them than it looks at. */
  commands: readonly PlatformCommand[];
  /** Whether the presented key may use it. */
  allows(command: PlatformCommand): boolean;
  /** Whether a person may be asked before a call of it is done. */
  mayBeAsked(command: PlatformCommand): boolean;
  /** Answers what REST answers, errors as well. Throws SeedError when the input cannot be put into a request. */
  call(command: PlatformCommand, input: Record<string, unknown>, options: CallOptions): Promise<Response>;
}

/** The command of this name, when the key may use it. */
export function allowedCommand(platform: Platform, name: string): PlatformCommand | undefined {
  return platform.commands.find((command) => command.name === name && platform.allows(command));
}

/** What of the MCP request's headers says who calls, and in which trace. */
const CALLER_HEADERS = ['authorization', 'x-forwarded-for', 'user-agent', 'traceparent'];

export type PlatformFor = (c: Context<HttpEnv>, actor: Actor) => Platform;

/** @param app what answers REST; it is asked when calls are made, so it may be this platform's own application */
export function inProcessPlatform(registry: Registry, version: string, app: Hono<HttpEnv>): PlatformFor {
  const described = registry.commands.map((command) => describe(command, version));
  const asking = new Set(registry.commands.filter(asksByItself).map(({ name }) => name));
  return (c, { key, lineage, operator }) => {
    const allowed = new Set(registry.allowed(key.scopes, operator).map(({ name }) => name));
    const isBound = lineage.some(isAsked);
    return {
      version,
      commands: described,
      allows: ({ name }) => allowed.has(name),
      mayBeAsked: ({ name }) => isBound || asking.has(name),
      call: async (command, input, options) =>
        app.fetch(requestFor(c, command, input, options), { incoming: c.env.incoming, deadline: c.env.deadline }),
    };
  };
}

const asksByItself = ({ approval }: Command) => approval !== undefined;

/** Whether calls with the key may have to wait for a person. */
function isAsked({ limits, approval, loop }: Key): boolean {
  return approval !== null || loop !== null || limits.length > 0;
}

/** Its schemas are made when they are looked at. */
function describe(command: Command, version: string): PlatformCommand {
  const [manifest] = toManifest([command], version).commands;
  if (!manifest) throw new Error('a manifest has the commands that it is made of');
  const outputSchema = () => {
    // A file is bytes: no tool answers with it.
    if (isFile(command)) return {};
    return atRoot(toJsonSchema(isStream(command) ? command.item : command.output, 'output'));
  };
  return Object.defineProperty(manifest, 'outputSchema', {
    enumerable: true,
    get: outputSchema,
  }) as PlatformCommand;
}

/** A schema with a name of its own is a reference to itself; clients want to see an object. */
function atRoot(schema: JsonSchema): JsonSchema {
  const { $ref, $defs, ...rest } = schema as JsonSchema & { $ref?: string; $defs?: Record<string, JsonSchema> };
  const named = $ref === undefined ? undefined : $defs?.[$ref.replace('#/$defs/', '')];
  return named && $defs ? { ...named, ...rest, $defs } : schema;
}

function requestFor(
  c: Context<HttpEnv>,
  command: PlatformCommand,
  input: Record<string, unknown>,
  { signal, waitSeconds = 0 }: CallOptions,
): Request {
  const { method, path, body } = restCall(command, input);
  const headers = new Headers({
    accept: command.output === 'stream' ? 'application/x-ndjson' : 'application/json',
  });
  for (const name of CALLER_HEADERS) {
    const value = c.req.header(name);
    if (value !== undefined) headers.set(name, value);
  }
  for (const [name, value] of Object.entries(c.req.header()))
    if (name.startsWith(CREDENTIAL_HEADER)) headers.set(name, value);
  if (body !== null) headers.set('content-type', 'application/json');
  if (waitSeconds > 0) headers.set('prefer', `wait=${waitSeconds}`);
  return new Request(new URL(path, c.req.url), { method, headers, signal, body });
}
