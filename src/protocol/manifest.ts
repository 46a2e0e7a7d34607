// The list of commands a key may use, as the CLI, the agent's prompt and the docs read it. Types only.

export type Effect = 'read' | 'write' | 'destructive';
export type HttpMethod = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

/** A JSON Schema (2020-12) object, as zod writes it. */
export interface JsonSchema {
  type?: string | string[];
  description?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  enum?: unknown[];
  default?: unknown;
  [keyword: string]: unknown;
}

export interface ManifestCommand {
  /** `keys revoke`: noun and verb, or one word. */
  name: string;
  summary: string;
  http: { method: HttpMethod /** Under /api/v1, with {parameters}. */; path: string };
  /** Null: any valid key may use it. */
  scope: string | null;
  effect: Effect;
  input: JsonSchema;
  /** Names of the inputs that stand in the path, in order; the CLI takes them as positional arguments. */
  positional: string[];
  /** `list`: pages. `stream`: NDJSON, one object a line. `file`: the bytes of a file. */
  output: 'object' | 'list' | 'stream' | 'file';
  /** For lists: the columns a table shows. */
  columns: string[];
  /** Complete command lines. */
  examples: string[];
  /** Calling it twice makes two things, or changes a thing twice. */
  creates: boolean;
  /** A stream command with the answer's task id that a person wants to watch after this one. */
  follow: string | null;
  /** Files of more bytes together no request carries: each is sent to the store before (`tasks upload`). */
  uploadsAbove?: number;
  /** The pack to whose platform a call shows the caller's own credential, which comes with it in a header. */
  callerCredential?: string;
}

export interface Manifest {
  version: string;
  commands: ManifestCommand[];
}

/** What an agent is told of a command before it asks: little, since every start of a task carries all of them. */
export interface ToldCommand extends Pick<ManifestCommand, 'name' | 'summary' | 'effect' | 'positional'> {
  /** Names of the inputs beside those in the path without which it is refused; older servers do not tell. */
  required?: readonly string[];
  /** What narrows a command that reads, for models that guess flags; the others ask for its help. */
  filters?: readonly ToldFilter[];
}

export interface ToldFilter {
  /** Of the input. */
  name: string;
  /** Its flag takes no value. */
  isSwitch?: true;
  /** The only values that it takes, where these are few. */
  choices?: readonly string[];
}
