// defineCommand: one operation of the platform, from which REST, CLI, OpenAPI, docs and the agent's tools come.
import type { Readable } from 'node:stream';
import type { z } from 'zod';
import type { CredentialMode } from '../protocol/credential.ts';
import type { CommandLimit } from '../protocol/grant.ts';
import type { Effect, HttpMethod, JsonSchema } from '../protocol/manifest.ts';
import type { DeclaredSchedule } from '../protocol/schedule.ts';
import type { Call } from './call.ts';

interface CommandBase<Input extends z.ZodObject> {
  /** `keys revoke`: noun and verb; a single word for the few that have no noun. */
  name: string;
  /** One line: what it does and what follows from it. */
  summary: string;
  /** Method and path under /api/v1; `{name}` is an input. GET inputs come from the query, others from the body. */
  http: `${HttpMethod} /${string}`;
  /** The scope a key must have; null when any valid key may call it. */
  scope: string | null;
  effect: Effect;
  /** Only keys of the operator's account may call it. */
  operatorOnly?: boolean;
  input: Input;
  /** Whose words its answer has: everybody's, the account's own, or what strangers may have written. */
  reads?: 'public' | 'private' | 'untrusted' | undefined;
  /** What each call, or all calls of one paying key, are limited to, whoever makes them. */
  limits?: readonly CommandLimit[] | undefined;
  /** Complete command lines, for --help and the docs. */
  examples?: readonly string[];
  /**
   * When it is to be called by the clock, without input, where an account switches that on: a cron pattern in UTC,
   * such as `0 7 * * *`, or one in a time zone.
   */
  schedule?: DeclaredSchedule;
  /** A person is asked before it is done, whatever key calls it. */
  approval?: 'ask';
  /** Its calls wait for something: no task's ledger and transcript has them, and no agent is told of it. */
  isPoll?: true;
  /** The pack that it is of, and whose credential its calls show the pack's platform. */
  platform?: { pack: string; credential: CredentialMode };
  /** All that is known of input and answer where the schemas show less of it; null: nothing of the answer. */
  whole?(): { input: JsonSchema; output: JsonSchema | null };
}

/** A command that answers with one JSON object. Named `list`-like outputs are pages ({items, nextCursor}). */
export interface ObjectCommand<
  Input extends z.ZodObject = z.ZodObject,
  Output extends z.ZodObject = z.ZodObject,
  Context = Call,
  Needs = unknown,
> extends CommandBase<Input> {
  output: Output;
  /** HTTP status of success; 200 unless said. */
  successStatus?: 200 | 201 | 202;
  /** Calling it twice makes two things, or changes a thing twice. */
  creates?: boolean;
  /**
   * What it does reaches beyond one transaction of the database: it calls another service, sends a mail, writes a
   * file. Seed writes the call into the ledger before `run` and what came of it after. A call that is cut off in
   * between stays `unknown`, and a repeat of its request is answered 409 `outcome_unknown`. `run` is to throw a
   * SeedError with a status below 500 only when it has done nothing.
   */
  external?: boolean;
  /**
   * Doing it again with the same input and `creationId` does nothing twice, also while the first attempt is in
   * flight: a repeat may do it again where the outcome is unknown. For a service that takes a key against repeats.
   * A task that calls it again and again is not taken for one that goes in circles.
   */
  repeatable?: boolean;
  /** Its work is one transaction, which the server begins and its row in the ledger is part of. */
  transactional?: boolean;
  /** Its input has `files`, received before it runs. Its body may be multipart/form-data, and larger. */
  takesFiles?: boolean;
  /**
   * Of a command that reads: its answer depends on the key and the input alone, so that calls at the same time may
   * be one run.
   */
  shared?: boolean;
  /** Its input may have files as base64, so that its JSON may be as large as one with files. */
  takesLargeInput?: boolean;
  /** Another service does its work: it answers as that one does, and 502 when that one fails. */
  remote?: boolean;
  /** What a call with this input would do, in a sentence, for the person who is asked about it. */
  describe?(input: z.output<Input>): string;
  /**
   * What it is about as it is now, such as the time of a row's last change or a digest of it. A call that a person
   * was asked about is not done when that has changed since: it is read again right before `run`, where that is
   * one transaction in the same one, and is best locked there (`for update`).
   */
  version?(input: z.output<Input>, call: Context, needs: Needs): Promise<string>;
  /** For pages: the columns a table shows. */
  columns?: readonly string[];
  /** A stream command, taking the answered task's id, that shows how it goes on. */
  follow?: string;
  /** @param needs what its feature was given when the server was put together */
  run(
    input: z.output<Input>,
    call: Context,
    needs: Needs,
  ): Promise<z.input<Output> | WrittenAnswer<z.output<Output>>>;
}

/**
 * An answer that was checked against its command and written as JSON before anybody asked: for what never changes
 * and many ask for. Checking and writing take a tenth of what `tasks get` takes in all.
 */
export class WrittenAnswer<Output extends object = object> {
  readonly output: Output;
  readonly json: string;

  /** @throws ZodError for a result that is not what the command declares */
  constructor(declared: z.ZodType<Output>, result: unknown) {
    this.output = declared.parse(result);
    this.json = JSON.stringify(this.output);
  }
}

export interface StreamItem<Item = unknown> {
  /** Position in the stream, from which a reader can resume: the SSE id. */
  id: number;
  item: Item;
}

/** A command that answers with a stream of objects: NDJSON, or SSE when the caller accepts text/event-stream. */
export interface StreamCommand<
  Input extends z.ZodObject = z.ZodObject,
  Item extends z.ZodType = z.ZodType,
  Needs = unknown,
> extends CommandBase<Input> {
  item: Item;
  /** The promise does all the checks: an error while streaming can no longer change the status. */
  stream(input: z.output<Input>, call: Call, needs: Needs): Promise<AsyncIterable<StreamItem<z.input<Item>>>>;
}

/** A file as it is sent to a caller. */
export interface SentFile {
  /** A relative path. */
  name: string;
  type: string;
  /** Missing, as the digest then is: it is made while it is sent. */
  size?: number;
  /** Hexadecimal. */
  sha256?: string;
  content: Readable | (() => Promise<Readable>);
  /** The address of the same bytes for some minutes, where a caller who follows it is to have them from there. */
  elsewhere?: ((disposition: string) => Promise<string>) | undefined;
}

/** A command that answers with the bytes of a file. */
export interface FileCommand<Input extends z.ZodObject = z.ZodObject, Needs = unknown> extends CommandBase<Input> {
  file(input: z.output<Input>, call: Call, needs: Needs): Promise<SentFile>;
}

export type Command<Needs = unknown> =
  | ObjectCommand<z.ZodObject, z.ZodObject, Call, Needs>
  | StreamCommand<z.ZodObject, z.ZodType, Needs>
  | FileCommand<z.ZodObject, Needs>;

/** What a feature's commands, as a list, are to be given: all that any of them needs. */
export type NeedsOf<Commands> = Commands extends readonly { readonly needs?: (needs: infer Needs) => void }[]
  ? Needs
  : never;

/** The commands of a feature, each called with what the feature needs. */
export function withNeeds<Needs>(commands: readonly Command<Needs>[], needs: Needs): Command[] {
  return commands.map((command): Command => {
    if (isStream(command))
      return { ...command, stream: (input, call) => command.stream(input, call, needs) } as Command;
    if (isFile(command)) return { ...command, file: (input, call) => command.file(input, call, needs) };
    const { version } = command;
    return {
      ...command,
      ...(version && { version: (input: Record<string, unknown>, call: Call) => version(input, call, needs) }),
      run: (input, call) => command.run(input, call, needs),
    };
  });
}

export function isStream<Needs>(command: Command<Needs>): command is StreamCommand<z.ZodObject, z.ZodType, Needs> {
  return 'stream' in command;
}

export function isFile<Needs>(command: Command<Needs>): command is FileCommand<z.ZodObject, Needs> {
  return 'file' in command;
}

export function isObject<Needs>(
  command: Command<Needs>,
): command is ObjectCommand<z.ZodObject, z.ZodObject, Call, Needs> {
  return 'output' in command;
}

/** A command with the types of what its callers send and get and of what it is given; no value is ever there. */
export type Defined<Name extends string, Input, Output, Needs = unknown> = Command<Needs> & {
  readonly name: Name;
  readonly types?: { input: Input; output: Output };
  readonly needs?: (needs: Needs) => void;
};

export function defineCommand<
  const Name extends string,
  Input extends z.ZodObject,
  Output extends z.ZodObject,
  Needs,
>(
  command: ObjectCommand<Input, Output, Call, Needs> & { name: Name },
): Defined<Name, z.input<Input>, z.output<Output>, Needs> {
  return command as unknown as Defined<Name, z.input<Input>, z.output<Output>, Needs>;
}

export function defineStream<const Name extends string, Input extends z.ZodObject, Item extends z.ZodType, Needs>(
  command: StreamCommand<Input, Item, Needs> & { name: Name },
): Defined<Name, z.input<Input>, z.output<Item>, Needs> {
  return command as unknown as Defined<Name, z.input<Input>, z.output<Item>, Needs>;
}

export function defineFile<const Name extends string, Input extends z.ZodObject, Needs>(
  command: FileCommand<Input, Needs> & { name: Name },
): Defined<Name, z.input<Input>, Blob, Needs> {
  return command as unknown as Defined<Name, z.input<Input>, Blob, Needs>;
}
