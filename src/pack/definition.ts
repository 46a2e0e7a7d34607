// What a pack is: the commands of a domain, with their tables, samples and playbooks. See docs/your-platform.md.
import type { Kysely } from 'kysely';
import { z } from 'zod';
import type { CredentialMode } from '../protocol/credential.ts';
import type { EventType } from '../protocol/event-types.ts';
import type { Limit } from '../protocol/grant.ts';
import type { AnswerSchema } from '../protocol/output.ts';
import type { Parameters, Template } from '../protocol/template.ts';
import type { Playbook } from '../scripted/playbook.ts';
import type { AroundCall, NoTables, PackCommand, Renew } from './pack-command.ts';
import type { SettingsRead, SettingsSchemas } from './settings.ts';

export interface SampleContext<Tables = NoTables> {
  accountId: string;
  /** The pack's own tables, in one transaction. */
  db: Kysely<Tables>;
  /** What the rows' times are reckoned from. */
  now: Date;
}

/** An instruction to start a task from. */
export interface PackTemplate extends Pick<Template, 'title' | 'instruction'> {
  /** What its agent needs: scopes of the pack's own commands, or of Seed's. */
  scopes: readonly string[];
  /** What its task is limited to, unless whoever starts it says otherwise. */
  limits?: readonly z.input<typeof Limit>[];
  /** Its name after the pack's and a dot; unless said, made of the title. */
  name?: string;
  /** What stands for `{{name}}` in the instruction: a JSON Schema of one level. Without it braces are text. */
  parameters?: Parameters;
  /** What its task's answer is to fit, as JSON Schema (`z.toJSONSchema` makes it of one of Zod's). */
  output?: AnswerSchema;
}

/** What a command answers, before its schema has checked it. */
export type Answer = Record<string, unknown>;

export interface Pack<Tables = never> extends SettingsSchemas {
  /** That of its folder. Its tables lie in the Postgres schema `pack_<name>`. */
  name: string;
  /** What people call the domain. */
  title: string;
  commands: readonly PackCommand[];
  /** Whose credential its calls show a platform: what `ctx.credential()` gives. Unless said `shared`, its own. */
  credential?: CredentialMode;
  /** The folder of its numbered SQL files; unless said `migrations/` beside the file that defines the pack. */
  migrations?: URL;
  /** Writes sample rows for an account that has none; `seed packs samples <name>` asks for it. */
  samples?(context: SampleContext<Tables>): Promise<void>;
  /**
   * Called instead of every command's `run`, with `next`, which calls that: what is to come before and after, such
   * as a check, a count or a record of its own. Its `db` is that of the call. It answers what `next` has answered.
   */
  around?(call: AroundCall<Tables>, next: () => Promise<Answer>): Promise<Answer>;
  /** The types of events that its commands emit, such as `incident.created`. */
  events?: readonly EventType[];
  /** Instructions that people are offered when they start a task. */
  templates?: readonly PackTemplate[];
  /** Instructions that the model `scripted` knows by heart. */
  playbooks?: readonly Playbook[];
}

/** @returns the pack as it is: the types are checked here, everything else when a server starts */
export function definePack<Tables = NoTables>(pack: Pack<Tables>): Pack {
  return pack as unknown as Pack;
}

/** seed.config.ts, which an adopter may write: packs that do not lie in packs/. */
export const SeedConfig = z.strictObject({
  /** Names of packages, or paths from here, of files that export a `pack`. */
  packs: z.array(z.string().min(1)).default([]),
});
export type SeedConfig = z.input<typeof SeedConfig>;

/** A pack that a server has found and checked. */
export interface LoadedPack extends Pack {
  /** How SEED_PACKS names it: `crm`, `examples/crm`. */
  setting: string;
  /** The file that defines it, as messages name it. */
  file: string;
  /** One for all its commands. */
  credential: CredentialMode;
  /** Null: nothing says how its platform gives tokens. */
  renew: Renew | null;
  /** Null: it has no tables. */
  migrationsFolder: URL | null;
  /** What `config` and `secrets` declare, as it was set when the server started. */
  settings: SettingsRead;
}
