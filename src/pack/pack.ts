// The public face of commands: all that a pack imports, as `seed/pack`. See docs/your-platform.md.
import { commandsOn, type NoTables } from './pack-command.ts';

export { sql } from 'kysely';
export { z } from 'zod';
export { newestFirst, orderedBy } from '../db/cursor.ts';
export { csvLine } from '../lib/csv.ts';
export { shellWord } from '../lib/shell-word.ts';
export { SeedError } from '../protocol/errors.ts';
export { Key, KeyStatus } from '../protocol/key.ts';
export { CostReport, RequestReport } from '../protocol/obs.ts';
export { orderedPageInput, pageInput, pageOf } from '../protocol/page.ts';
export { WebhookEvent } from '../protocol/webhook.ts';
export { counted, missingScopeOf, parseOutput, plain, readPages, reasonOf } from '../scripted/command-output.ts';
export type { Playbook, Steps } from '../scripted/playbook.ts';
export { definePack, type SampleContext, type SeedConfig } from './definition.ts';
export { fileBytes, filesInput, filesOn } from './files.ts';
export { importedCommands } from './imported-commands.ts';
export {
  type AroundCall,
  commandsOn,
  type ExternalContext,
  type PackCommand,
  type PackContext,
} from './pack-command.ts';
export type { SettingsSchemas } from './settings.ts';
export { defineTask, type WantedTask } from './task-commands.ts';

/** A command of a pack without tables. */
export const defineCommand = commandsOn<NoTables>();
