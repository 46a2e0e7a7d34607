// Set-up with its progress on the terminal; says nothing when there is nothing to do.
import { setUp } from '../../src/drivers/image/set-up.ts';
import { exitOnFailure } from '../../src/lib/process-life.ts';
import { cacheDirSetting } from '../../src/lib/settings.ts';

export async function setUpWithProgress(): Promise<void> {
  await exitOnFailure(async () => {
    await setUp({
      cacheDir: cacheDirSetting(),
      onProgress: (message) => process.stderr.write(`· ${message}\n`),
    });
  });
}
