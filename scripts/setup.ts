// Prepares this machine: fetches and builds what sandboxes need. `npm start` and `npm run demo` do the same when it
// was not done; a second run takes less than a second.
import { setUp } from '../src/drivers/set-up.ts';
import { bundleGuest } from '../src/guest/bundle.ts';
import { env } from '../src/lib/env.ts';
import { hydrateSymlinks } from '../src/lib/hydrate-symlinks.ts';
import { SeedError } from '../src/protocol/errors.ts';

const say = (message: string) => console.log(`· ${message}`);

try {
  if (!env('DATABASE_URL')) await hydrateSymlinks();
  await setUp({ dataDir: env('SEED_DATA_DIR') ?? '.seed', guestBundle: await bundleGuest(), onProgress: say });
  say('ready');
} catch (error) {
  if (!(error instanceof SeedError)) throw error;
  console.error(error.message);
  if (error.hint) console.error(error.hint);
  process.exitCode = 1;
}
