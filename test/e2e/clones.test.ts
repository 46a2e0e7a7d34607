// Many sandboxes of one snapshot are as many different people.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { setUp } from '../../src/drivers/set-up/set-up.ts';
import { bundle } from '../../src/lib/bundle.ts';
import { cacheDirSetting } from '../../src/lib/settings.ts';
import { SeedError } from '../../src/protocol/errors.ts';
import type { StartLine } from '../../src/protocol/guest.ts';
import type { Somebody } from '../fixtures/clone-guest.ts';
import { startSandbox } from '../fixtures/plain-driver.ts';
import { sandboxLimits } from '../fixtures/sandbox-limits.ts';

/** SEED_CLONES says how many: any two that share what they draw would show. */
const CLONES = Number(process.env['SEED_CLONES'] ?? 24);
const AT_A_TIME = 4;

const dataDir = await mkdtemp(join(tmpdir(), 'seed-clones-'));
const guestBundle = await bundle(new URL('../fixtures/clone-guest.ts', import.meta.url), {
  target: 'node24',
});
const ready = await setUp({ cacheDir: cacheDirSetting(), dataDir, guestBundle, onProgress: () => {} }).catch(
  (error: unknown) => {
    if (!(error instanceof SeedError) || error.code !== 'no_usable_driver') throw error;
    console.warn(`SKIPPED: ${error.message}`);
    return undefined;
  },
);
afterAll(() => rm(dataDir, { recursive: true, force: true }));

describe.skipIf(!ready)('clones', () => {
  if (!ready) return;
  const { driver, snapshot } = ready;

  async function meet(number: number): Promise<Somebody> {
    const sandbox = await startSandbox(driver, snapshot, sandboxLimits(60_000), `clone-${number}`);
    try {
      const now = new Date().toISOString();
      const line: StartLine = { protocol: 1, now, entropy: randomBytes(64).toString('base64') };
      sandbox.stream.write(`${JSON.stringify(line)}\n`);
      let told = '';
      while (!told.endsWith('\n')) told += ((await once(sandbox.stream, 'data')) as [Buffer])[0].toString();
      return JSON.parse(told) as Somebody;
    } finally {
      await sandbox.kill();
    }
  }

  test(`no two of ${CLONES} share a name, a machine-id or a random number`, {
    timeout: 180_000,
  }, async () => {
    const all: Somebody[] = [];
    for (let first = 0; first < CLONES; first += AT_A_TIME) {
      const batch = Array.from({ length: AT_A_TIME }, (_, index) => meet(first + index));
      all.push(...(await Promise.all(batch)));
    }
    const differ = (what: string, each: (one: Somebody) => unknown) =>
      expect(new Set(all.map(each)).size, what).toBe(CLONES);
    differ('hostname', (one) => one.hostname);
    differ('machine-id', (one) => one.machineId);
    for (const draw of ['uuid', 'globalUuid', 'bytes', 'integer', 'fraction'] as const) {
      differ(`the frozen process's ${draw}`, (one) => one[draw]);
    }
    for (const draw of ['uuid', 'fraction', 'kernel'] as const) {
      differ(`the agent's ${draw}`, (one) => one.agent[draw]);
    }
    expect(all.every(({ agent, hostname }) => agent.hostname === hostname)).toBe(true);
    expect(all.every(({ agent, machineId }) => agent.machineId === machineId)).toBe(true);
    expect(all.every(({ machineId }) => /^[0-9a-f]{32}$/.test(machineId))).toBe(true);
    const skews = all.map(({ clockSkewMs }) => Math.abs(clockSkewMs));
    expect(Math.max(...skews)).toBeLessThan(10_000);
  });
});
