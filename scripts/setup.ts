// Prepares this machine: fetches and builds what sandboxes need, and says what is there. `npm start` and
// `npm run demo` do the same when it was not done.

import { driverSetting } from '../src/drivers/set-up/select.ts';
import { setUp } from '../src/drivers/set-up/set-up.ts';
import { megabytes } from '../src/lib/disk-space.ts';
import { env } from '../src/lib/env.ts';
import { hydrateSymlinks } from '../src/lib/hydrate-symlinks.ts';
import { exitOnFailure } from '../src/lib/process-life.ts';
import { cacheDirSetting, snapshotIdSetting } from '../src/lib/settings.ts';
import { buildWeb } from './lib/build-web.ts';

await exitOnFailure(async () => {
  const say = (message: string) => console.log(`· ${message}`);
  await buildWeb(say);
  if (!env('DATABASE_URL')) await hydrateSymlinks();
  const { driver, probes, imageBytes, snapshotBytes } = await setUp({
    cacheDir: cacheDirSetting(),
    driver: driverSetting(),
    snapshotId: snapshotIdSetting(),
    onProgress: say,
  });
  const isolation = probes.find((probe) => probe.usable)?.isolation;
  say(`image: ${megabytes(imageBytes)}`);
  say(`driver: ${driver.name} (${isolation})`);
  say(`snapshot: ${megabytes(snapshotBytes)}`);
});
