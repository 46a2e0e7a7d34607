// Files that go into a command of a pack and come out of one.
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { FileCommand } from '../command/define-command.ts';
import { GivenFile, GivenFileName, isReceived } from '../protocol/file.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { NoTables, PackCommand, PackContext } from './pack-command.ts';
import type { SettingsSchemas } from './settings.ts';

/** Of a command with `takesFiles: true`: `seed … --file report.pdf`, base64 in JSON, or multipart parts. */
export const filesInput = {
  files: z
    .array(GivenFile.extend({ name: GivenFileName.describe('Its name') }))
    .max(LIMITS.filesPerTask)
    .describe('Files'),
};

/** The bytes of one of the input's `files`. They are there until `run` returns. */
export function fileBytes(file: GivenFile): Promise<Buffer> {
  return isReceived(file)
    ? readFile(file.content.path)
    : Promise.resolve(Buffer.from(String(file.content), 'base64'));
}

/** What a command answers that gives a file. */
export interface GivenOut {
  /** `seed … --output` is where the CLI writes it. */
  name: string;
  content: Uint8Array | string;
  /** Its media type. */
  type: string;
}

export type PackFileCommand<
  Input extends z.ZodObject = z.ZodObject,
  Tables = NoTables,
  Schemas extends SettingsSchemas = SettingsSchemas,
> = Omit<FileCommand<Input>, 'file' | 'effect'> & {
  effect: 'read';
  file(input: z.output<Input>, context: PackContext<Tables, Schemas>): Promise<GivenOut>;
};

/** `defineFile` for a pack with these tables and settings: a command that only reads, and answers with a file. */
export function filesOn<Tables, Schemas extends SettingsSchemas = Record<never, never>>() {
  return <Input extends z.ZodObject>(command: PackFileCommand<Input, Tables, Schemas>): PackCommand =>
    command as unknown as PackCommand;
}
