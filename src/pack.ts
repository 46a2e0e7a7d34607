// The public face of commands: all that a pack imports, as `seed/pack`. See docs/your-platform.md.
import { commandsOn, type NoTables } from './commands/pack-command.ts';

export { sql } from 'kysely';
export { z } from 'zod';
export {
  commandsOn,
  type ExternalContext,
  type PackCommand,
  type PackContext,
} from './commands/pack-command.ts';
export { shellWord } from './lib/shell-word.ts';
export { SeedError } from './protocol/errors.ts';
export { pageInput, pageOf } from './protocol/page.ts';
export { parseOutput, plain, reasonOf } from './server/llm/scripted/command-output.ts';
export type { Playbook, Steps } from './server/llm/scripted/playbook.ts';
export { readPages } from './server/llm/scripted/read-pages.ts';
export { importedCommands } from './server/packs/imported/imported-commands.ts';
export { definePack, type SampleContext } from './server/packs/pack.ts';
export type { SeedConfig } from './server/packs/seed-config.ts';
export { newestFirst, orderedBy } from './store/pack-pages.ts';

/** A command of a pack without tables. */
export const defineCommand = commandsOn<NoTables>();
