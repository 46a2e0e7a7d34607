// Imports a file that an adopter wrote (a pack, seed.config.ts); what is wrong with it is told with the file and
// the line.
import { existsSync } from 'node:fs';
import { z } from 'zod';
import { SeedConfig } from '../../pack/definition.ts';
import { packProblem, shownPath } from '../../pack/problem.ts';
import { SeedError } from '../../protocol/errors.ts';

/** @param shown the file as messages name it. @throws SeedError invalid_settings */
export async function importFile(href: string, shown: string): Promise<Record<string, unknown>> {
  try {
    return (await import(/* @vite-ignore */ href)) as Record<string, unknown>;
  } catch (cause) {
    // It says itself what is wrong, such as a setting that is missing.
    if (cause instanceof SeedError) throw cause;
    throw packProblem(shown, `it cannot be loaded: ${messageOf(cause)}`, { cause });
  }
}

/** A syntax error's place stands in the first line of its stack and nowhere else. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const places = (error.stack ?? '').match(/(?:file:\/\/)?\/[^\s()]+\.[cm]?[jt]s:\d+/g) ?? [];
  const place = places.find((candidate) => !candidate.includes('/node_modules/'));
  if (place === undefined) return error.message;
  const at = place.lastIndexOf(':');
  return `${error.message} (${shownPath(new URL(place.slice(0, at), 'file:'))}${place.slice(at)})`;
}

/** @throws SeedError invalid_settings, naming the file */
export async function readSeedConfig(file: URL): Promise<z.output<typeof SeedConfig>> {
  if (!existsSync(file)) return { packs: [] };
  const exported = await importFile(file.href, 'seed.config.ts');
  const config = SeedConfig.safeParse(exported['default']);
  if (config.success) return config.data;
  throw packProblem('seed.config.ts', z.prettifyError(config.error).replaceAll('\n', ' '), {
    hint: "It ends with: export default { packs: ['@acme/seed-pack'] } satisfies SeedConfig;",
  });
}
