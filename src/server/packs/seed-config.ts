// seed.config.ts in the repository's root, which an adopter may write: packs that do not lie in packs/.
import { existsSync } from 'node:fs';
import { z } from 'zod';
import { importFile } from './import-file.ts';
import { packProblem } from './pack-problem.ts';

const Config = z.strictObject({
  /** Names of packages, or paths from here, of files that export a `pack`. */
  packs: z.array(z.string().min(1)).default([]),
});
export type SeedConfig = z.input<typeof Config>;

/** @throws SeedError invalid_settings, naming the file */
export async function readSeedConfig(file: URL): Promise<z.output<typeof Config>> {
  if (!existsSync(file)) return { packs: [] };
  const exported = await importFile(file.href, 'seed.config.ts');
  const config = Config.safeParse(exported['default']);
  if (config.success) return config.data;
  throw packProblem('seed.config.ts', z.prettifyError(config.error).replaceAll('\n', ' '), {
    hint: "It ends with: export default { packs: ['@acme/seed-pack'] } satisfies SeedConfig;",
  });
}
