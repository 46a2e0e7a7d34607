// The interface of drivers proven on a pretended platform, whose sandboxes live on and whose streams are cut.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openSandbox } from '../../src/runner/waiting-sandbox.ts';
import { testById } from '../conformance/by-id.ts';
import { askClock } from '../fixtures/echo-guest.ts';
import { createPretendDriver, PRETEND_SNAPSHOT, type PretendOptions } from '../fixtures/pretend-driver.ts';
import { sandboxLimits } from '../fixtures/sandbox-limits.ts';

const top = await mkdtemp(join(tmpdir(), 'seed-pretend-'));
const STARTER = join(import.meta.dirname, '../fixtures/start-pretend.ts');
const driverIn = async (parts: Omit<PretendOptions, 'folder'>) =>
  createPretendDriver({ folder: await mkdtemp(join(top, 'platform-')), ...parts });
const platforms: Awaited<ReturnType<typeof driverIn>>[] = [];

async function platform(can: PretendOptions['can'] = {}) {
  const driver = await driverIn({ owner: 'one', can });
  platforms.push(driver);
  return driver;
}

afterAll(async () => {
  for (const driver of platforms) for (const owner of ['one', 'other']) await driver.sweep(owner);
  await rm(top, { recursive: true });
});

describe.each([
  ['that opens streams again', {}],
  ['that opens a stream once and pauses nothing', { reconnect: false, pause: false }],
])('a driver %s', async (_, can) => {
  const driver = await platform(can);
  const starter = (id: string, lifeMs: number) => [STARTER, driver.folder, 'one', id, String(lifeMs)];
  testById({ driver, snapshot: PRETEND_SNAPSHOT, starter });
});

test('a stream that the platform cuts is opened again, and the sandbox has gone on', async () => {
  const driver = await platform();
  await driver.start(PRETEND_SNAPSHOT, sandboxLimits(60_000), 'cut');
  const stream = await driver.connect('cut');
  await askClock(stream);
  const closed = once(stream, 'close');
  await driver.cut('cut');
  await closed;
  expect(await driver.status('cut')).toBe('running');
  const again = await driver.connect('cut');
  expect((await askClock(again)).guest).toBeGreaterThan(0);
  again.write('exit 7\n');
  expect(await driver.ended('cut')).toEqual({ reason: 'exited', code: 7 });
});

test('sweeping ends what its owner has started, from any process, and no one else', async () => {
  const one = await platform();
  const other = createPretendDriver({ folder: one.folder, owner: 'other' });
  await one.start(PRETEND_SNAPSHOT, sandboxLimits(60_000), 'mine');
  await other.start(PRETEND_SNAPSHOT, sandboxLimits(60_000), 'yours');
  expect(await other.sweep('one')).toEqual(['mine']);
  expect(await one.status('mine')).toMatchObject({ reason: 'lost' });
  expect(await one.status('yours')).toBe('running');
  expect(await one.sweep('nobody')).toEqual([]);
});

test('a driver without a stream says so with a code', async () => {
  const driver = await platform({ link: 'door' });
  await driver.start(PRETEND_SNAPSHOT, sandboxLimits(60_000), 'behind-a-door');
  await expect(driver.connect('behind-a-door')).rejects.toMatchObject({ code: 'not_supported' });
  expect(await driver.status('behind-a-door')).toBe('running');
});

test('a runner asks for no longer a life than the driver gives, and leaves nothing that it cannot reach', async () => {
  const driver = await platform({ longestLifeMs: 2_000 });
  await expect(driver.start(PRETEND_SNAPSHOT, sandboxLimits(60_000), 'long')).rejects.toMatchObject({
    code: 'sandbox_failed',
  });
  const parts = { driver, snapshot: PRETEND_SNAPSHOT };
  const { stream } = await openSandbox(parts, sandboxLimits(60_000), 'shortened');
  expect((await askClock(stream)).guest).toBeGreaterThan(0);
  expect(await driver.ended('shortened')).toEqual({ reason: 'deadline' });
  const door = await platform({ link: 'door' });
  const refused = openSandbox({ driver: door, snapshot: PRETEND_SNAPSHOT }, sandboxLimits(60_000), 'door');
  await expect(refused).rejects.toMatchObject({ code: 'not_supported' });
  expect(await door.status('door')).toEqual({ reason: 'killed' });
});
