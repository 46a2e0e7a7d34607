// Who this runner is. Every process has an id of its own; those that worked on its data folder before are dead, as
// only their successor knows for certain: it tells the server, which need not wait for their leases to lapse.
import { randomUUID } from 'node:crypto';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readIfThere } from '../lib/read-if-there.ts';

export interface RunnerIdentity {
  id: string;
  /** Processes before this one whose end the server has not been told of. */
  former: readonly string[];
  /** The server has been told. */
  formerTold(): Promise<void>;
}

/** More are forgotten; their leases lapse. */
const FORMER_MOST = 100;
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** @param dataDir is locked by this process */
export async function takeIdentity(dataDir: string): Promise<RunnerIdentity> {
  const file = join(dataDir, 'runner.ids');
  const id = randomUUID();
  const known = ((await readIfThere(file)) ?? '').split('\n').filter((line) => ID.test(line));
  await appendFile(file, `${id}\n`);
  return { id, former: known.slice(-FORMER_MOST), formerTold: () => writeFile(file, `${id}\n`) };
}

/** The identity of a runner without a data folder, which is another one at each start. */
export function newIdentity(): RunnerIdentity {
  return { id: randomUUID(), former: [], formerTold: async () => undefined };
}
