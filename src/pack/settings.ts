// Settings of a pack: what its `config` and `secrets` declare, read from SEED_PACK_<NAME>_<FIELD> when a server
// starts. Used by load-packs.ts; tests of packs give their own.
import type { z } from 'zod';
import { packSetting } from '../lib/pack-setting.ts';
import { removeSecrets } from '../lib/remove-secrets.ts';

/** What a pack declares. The values of an environment are text: `z.coerce.number()`, `z.stringbool()`. */
export interface SettingsSchemas {
  config?: z.ZodObject;
  /** The same for what nobody is to see: it is in no log and no error. */
  secrets?: z.ZodObject;
}

type ValuesOf<Schema> = Schema extends z.ZodObject ? z.output<Schema> : Record<never, never>;

/** What commands are given of it. */
export interface SettingsOf<Schemas extends SettingsSchemas> {
  config: ValuesOf<Schemas['config']>;
  secrets: ValuesOf<Schemas['secrets']>;
}

export interface SettingsRead {
  config: Record<string, unknown>;
  /** Not enumerable: who prints or spreads the object shows none. */
  secrets: Record<string, unknown>;
  /** A line for each that is missing or wrong, with its name. */
  problems: string[];
}

/** @param lookUp a variable of the environment */
export function readPackSettings(
  pack: string,
  { config, secrets }: SettingsSchemas,
  lookUp: (name: string) => string | undefined,
): SettingsRead {
  const open = readOne(pack, config, lookUp);
  const hidden = readOne(pack, secrets, lookUp);
  const kept = Object.entries(hidden.values).map(([name, value]) => [name, { value, enumerable: false }] as const);
  const values = Object.defineProperties({}, Object.fromEntries(kept));
  return { config: open.values, secrets: values, problems: [...open.problems, ...hidden.problems] };
}

function readOne(pack: string, schema: z.ZodObject | undefined, lookUp: (name: string) => string | undefined) {
  if (schema === undefined) return { values: {}, problems: [] };
  const fields = Object.keys(schema.shape);
  const texts = fields.map((field) => [field, lookUp(packSetting(pack, field))] as const);
  const given = Object.fromEntries(texts.filter(([, text]) => text !== undefined));
  const read = schema.safeParse(given);
  if (read.success) return { values: read.data as Record<string, unknown>, problems: [] };
  const problems = read.error.issues.map(({ path, message }) => {
    const field = String(path[0] ?? fields[0] ?? '');
    const about = (schema.shape[field] as z.ZodType | undefined)?.description;
    const text = given[field];
    // What is wrong with it may repeat it.
    const why = text === undefined ? 'is not set' : `is not right: ${removeSecrets(message, [text])}`;
    return `${packSetting(pack, field)} ${why}${about ? ` (${about})` : ''}`;
  });
  return { values: {}, problems };
}

/** Every text in which a secret could come back. */
export function formsOf(secrets: Record<string, unknown>): string[] {
  const names = Object.getOwnPropertyNames(secrets);
  const plain = names.map((name) => String(secrets[name])).filter((text) => text.length >= SHORTEST);
  return [
    ...new Set(
      plain.flatMap((text) => [
        text,
        encodeURIComponent(text),
        JSON.stringify(text).slice(1, -1),
        Buffer.from(text).toString('base64'),
      ]),
    ),
  ];
}

/** What is shorter stands by chance in any text. */
const SHORTEST = 4;
