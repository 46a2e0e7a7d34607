// A double of E2B with a template that was made there as anybody makes one, and the settings of a driver on it: in
// this process's environment, too. Used by tests.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeE2bTemplate } from '../../../src/drivers/e2b/template.ts';
import { bundleGuest } from '../../../src/guest/bundle.ts';
import { cacheDirSetting } from '../../../src/lib/settings.ts';
import type { Remote } from '../../conformance/suite-parts.ts';
import { type E2bDouble, startE2bDouble } from './double.ts';

export interface InE2b extends AsyncDisposable {
  double: E2bDouble;
  /** Of the double's machines. */
  folder: string;
  /** The environment of a process that has the driver on it. */
  env: Record<string, string>;
  remote: Remote;
}

/** @param guestBundle missing: Seed's own guest */
export async function inE2b(guestBundle?: Uint8Array): Promise<InE2b> {
  const cacheDir = cacheDirSetting();
  const folder = await mkdtemp(join(tmpdir(), 'seed-e2b-'));
  const guest = guestBundle ?? (await bundleGuest());
  const double = await startE2bDouble({ cacheDir, folder, guestBundle: guest });
  Object.assign(process.env, double.env);
  const onProgress = (message: string) => console.error(`· ${message}`);
  const { id: template } = await makeE2bTemplate({ cacheDir, guestBundle: guest, onProgress });
  const env = { ...double.env, SEED_DRIVER: 'e2b', SEED_E2B_TEMPLATE: template };
  Object.assign(process.env, env);
  const named = (id: string) =>
    [...double.sandboxes.values()].filter(({ asked }) => asked.metadata['seed-name'] === `seed-${id}`);
  return {
    double,
    folder,
    env,
    remote: {
      running: async (id) => named(id),
      left: async (id) => named(id),
      async killProcesses(id) {
        for (const { id: machine } of named(id)) await double.machines.killProcesses(machine);
      },
      async endGuest(id) {
        const command = ['/bin/sh', '-c', 'kill -9 $(pgrep -P $(cat /run/seed/keeper.pid))'];
        for (const { id: machine } of named(id)) {
          await (await double.machines.exec(machine, { command, uid: 0, cwd: '/', env: {} })).ended;
        }
      },
    },
    async [Symbol.asyncDispose]() {
      await double[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
