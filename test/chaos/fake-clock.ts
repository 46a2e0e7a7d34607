// A clock that a test can set, for one process alone: libfaketime, which reads the offset from a file again every
// second.
import { existsSync } from 'node:fs';
import { readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const LIBRARIES = '/usr/lib';

export interface FakeClock {
  /** For the process whose clock it is. */
  environment: NodeJS.ProcessEnv;
  /** Seconds that its clock is ahead of the others'. */
  set(offsetSeconds: number): Promise<void>;
}

/** Null: libfaketime is not installed. */
export async function fakeClockLibrary(): Promise<string | null> {
  const places = await readdir(LIBRARIES);
  const files = places.map((place) => join(LIBRARIES, place, 'faketime/libfaketimeMT.so.1'));
  return files.find((file) => existsSync(file)) ?? null;
}

/** Null: libfaketime is not installed. @param folder where the offset is kept */
export async function makeFakeClock(folder: string): Promise<FakeClock | null> {
  const library = await fakeClockLibrary();
  if (library === null) return null;
  const file = join(folder, 'clock');
  const set = async (offsetSeconds: number) => {
    const next = `${file}.next`;
    await writeFile(next, `${offsetSeconds < 0 ? '-' : '+'}${Math.abs(offsetSeconds)}\n`);
    await rename(next, file);
  };
  await set(0);
  return {
    environment: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
    set,
  };
}
