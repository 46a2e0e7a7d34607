// What the MCP server stands on: the platform's commands, and calls of them over REST as the presented key. Scope, limits,
// audit, ledger and errors are therefore REST's.
import type { JsonSchema, ManifestCommand } from '../../protocol/manifest.ts';

export interface PlatformCommand extends ManifestCommand {
  /** Of the answer; of a stream command, of one item. */
  outputSchema: JsonSchema;
  /** Whether the presented key may use it. */
  allowed: boolean;
}

export interface CallOptions {
  signal: AbortSignal;
  /** Seconds that the answer may be held until the task has ended. */
  waitSeconds?: number;
}

export interface Platform {
  version: string;
  commands: readonly PlatformCommand[];
  /** Answers what REST answers, errors as well. Throws SeedError when the input cannot be put into a request. */
  call(command: PlatformCommand, input: Record<string, unknown>, options: CallOptions): Promise<Response>;
}

/** The command of this name, when the key may use it. */
export function allowedCommand(platform: Platform, name: string): PlatformCommand | undefined {
  return platform.commands.find((command) => command.name === name && command.allowed);
}
