// A runner as it is, with a driver that pretends sandboxes: each is a connection to the process with the guests.
// Started by processes.ts.
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Exit } from '../../src/drivers/driver.ts';
import { env } from '../../src/lib/env.ts';
import { createLog } from '../../src/lib/log.ts';
import { exitOnFailure, logSurprises, stopOnSignal } from '../../src/lib/process-life.ts';
import { createRunner } from '../../src/runner/runner.ts';
import { createPlainDriver } from '../../test/fixtures/plain-driver.ts';

const [serverUrl = '', socketPath = '', slots = '', name = ''] = process.argv.slice(2);
const image = { id: 'pretend', rootfs: '', command: [] };
const driver = createPlainDriver({
  name: 'pretend',
  snapshot: { id: 'pretend', driver: 'pretend', dir: '', image },
  async start() {
    const stream = connect(socketPath);
    stream.on('error', () => undefined);
    await once(stream, 'connect');
    const { promise: exited, resolve } = Promise.withResolvers<Exit>();
    stream.once('close', () => resolve({ reason: 'exited', code: 0 }));
    return { stream, exited, kill: async () => stream.destroy() };
  },
  // What a small sandbox would have used: it is billed like any other.
  usage: { cpuSeconds: 0.5, peakMemoryBytes: 64 * 1024 * 1024, problem: null },
});

await exitOnFailure(async () => {
  const log = createLog('runner', 'error');
  const runner = createRunner({
    serverUrl,
    runnerToken: env('SEED_RUNNER_TOKEN') ?? '',
    sandboxes: { driver, snapshot: driver.snapshot },
    probes: [{ driver: driver.name, usable: true, isolation: 'emulated' }],
    slots: Number(slots),
    name,
    log,
    drainMs: 0,
  });
  stopOnSignal(log, () => runner.stop());
  logSurprises(log, () => runner.stop());
  await runner.start();
  process.send?.({ ready: true });
});
