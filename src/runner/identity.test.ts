import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { takeIdentity } from './identity.ts';

test('a runner knows those before it until the server has been told, also when it dies before', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'seed-identity-'));
  onTestFinished(() => rm(dataDir, { recursive: true }));
  const first = await takeIdentity(dataDir);
  expect(first.former).toEqual([]);
  await first.formerTold();
  const second = await takeIdentity(dataDir);
  expect(second.former).toEqual([first.id]);
  // A line that a full disk has cut.
  await appendFile(join(dataDir, 'runner.ids'), '0000\n');
  const third = await takeIdentity(dataDir);
  expect(third.former).toEqual([first.id, second.id]);
  await third.formerTold();
  expect((await takeIdentity(dataDir)).former).toEqual([third.id]);
  for (let start = 0; start < 150; start += 1) await takeIdentity(dataDir);
  expect((await takeIdentity(dataDir)).former).toHaveLength(100);
  expect(await readFile(join(dataDir, 'runner.ids'), 'utf8')).toContain(third.id);
});
