// The settings of an adopter's folder: its .env, beneath what the environment has. Used by the commands that start
// or check Seed.
import { fileURLToPath } from 'node:url';
import { adopterFolder, isInRepository } from '../lib/own-files.ts';
import { SeedError } from '../protocol/errors.ts';
import { fs } from './builtin.ts';

/** The repository has none: there all settings come from the environment. @throws SeedError invalid_settings */
export function readAdopterSettings(): void {
  const file = fileURLToPath(new URL('.env', adopterFolder()));
  if (isInRepository() || !fs.existsSync(file)) return;
  try {
    process.loadEnvFile(file);
  } catch (cause) {
    throw new SeedError('invalid_settings', `${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
