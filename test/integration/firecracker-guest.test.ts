// Seed's own guest behind the Firecracker driver's vsock bridge: it loads, is frozen and restored, and asks for
// its task.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { performServerHandshake, type ServerHttp2Stream } from 'node:http2';
import { afterAll, expect, test } from 'vitest';
import { createFirecrackerHost, fakeObstacle, firecrackerLimits } from '../fixtures/firecracker-host.ts';
import { startSandbox } from '../fixtures/plain-driver.ts';
import { createProcessDriver } from '../fixtures/process-driver.ts';

const obstacle = await fakeObstacle();
if (obstacle) console.warn(`SKIPPED: ${obstacle}`);
const host = await createFirecrackerHost();
const guest = await createProcessDriver();
afterAll(async () => {
  await host.remove();
  await guest.remove();
});

test.skipIf(obstacle)('the guest comes out of its snapshot and asks for its task', async () => {
  const { command } = guest;
  const driver = await host.driver({ command });
  const snapshot = await driver.freeze({ ...host.image, id: 'guest', command }, () => {});
  const sandbox = await startSandbox(driver, snapshot, firecrackerLimits(30_000), 'guest');
  try {
    const entropy = randomBytes(64).toString('base64');
    sandbox.stream.write(`${JSON.stringify({ protocol: 1, now: new Date().toISOString(), entropy })}\n`);
    const session = performServerHandshake(sandbox.stream);
    session.on('error', () => {});
    const [stream, headers] = (await once(session, 'stream')) as [ServerHttp2Stream, Record<string, string>];
    stream.on('error', () => {});
    expect([headers[':method'], headers[':path']]).toEqual(['GET', '/task']);
  } finally {
    await sandbox.kill();
  }
});
