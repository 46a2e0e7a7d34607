// The public face of commands: all that a pack imports, as `seed/pack`. See docs/your-platform.md.
import { commandsOn, type NoTables } from './pack-command.ts';

export { sql } from 'kysely';
export { z } from 'zod';
export { shellWord } from '../lib/shell-word.ts';
export { SeedError } from '../protocol/errors.ts';
export { pageInput, pageOf } from '../protocol/page.ts';
export { parseOutput, plain, reasonOf } from '../server/models/scripted/command-output.ts';
export type { Playbook, Steps } from '../server/models/scripted/playbook.ts';
export { readPages } from '../server/models/scripted/read-pages.ts';
export { definePack, type SampleContext, type SeedConfig } from './definition.ts';
export { importedCommands } from './imported/imported-commands.ts';
export {
  commandsOn,
  type ExternalContext,
  type PackCommand,
  type PackContext,
} from './pack-command.ts';
export { newestFirst, orderedBy } from './pages.ts';

/** A command of a pack without tables. */
export const defineCommand = commandsOn<NoTables>();
