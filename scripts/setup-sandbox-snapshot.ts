// Builds the snapshot that sandboxes start from and says how to use it: an id for SANDBOX_SNAPSHOT_ID. TypeScript
// runs as it is with the project's own Node; any from 20 on runs it with tsx:
//   npx tsx scripts/setup-sandbox-snapshot.ts [--driver vercel|e2b]
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
  const setting = driver === 'e2b' ? 'SEED_E2B_TEMPLATE' : 'SANDBOX_SNAPSHOT_ID';
  process.stdout.write(`${id}\n${setting}=${id}\n`);
});
