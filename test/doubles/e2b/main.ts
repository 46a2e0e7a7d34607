// E2B on this machine, for whoever has no account there, with real programs in real sandboxes (README.md has what
// of it is as at E2B, and what is not):
//
//   node test/doubles/e2b/main.ts
//
// It prints what to set for a Seed, and works until it is interrupted. Then, in another shell with those set:
//
//   node scripts/setup-sandbox-snapshot.ts --driver e2b     # prints the SEED_E2B_TEMPLATE to set
//   SEED_DRIVER=e2b npm start
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleGuest } from '../../../src/guest/bundle.ts';
import { cacheDirSetting } from '../../../src/lib/settings.ts';
import { startE2bDouble } from './double.ts';

const folder = await mkdtemp(join(tmpdir(), 'seed-e2b-'));
const double = await startE2bDouble({ cacheDir: cacheDirSetting(), folder, guestBundle: await bundleGuest() });
for (const [name, value] of Object.entries(double.env)) console.log(`export ${name}=${value}`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await double[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
    process.exit(0);
  });
}
