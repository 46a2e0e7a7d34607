// The Firecracker driver on real Firecracker: runs wherever KVM and the user's firecracker are, else says why not.
import { expect, test } from 'vitest';
import { patient } from '../../src/drivers/patience.ts';
import { testDriver } from '../conformance/driver-suite.ts';
import { runInGuest } from '../fixtures/echo-guest.ts';

// An emulated host (docs/contributing.md) has neither the memory nor the time for more.
const size = patient(1) === 1 ? { streamMegabytes: 100, parallel: 20 } : { streamMegabytes: 10, parallel: 2 };

await testDriver(
  {
    ...size,
    choice: 'firecracker',
    vitalPrograms: [/^\S*firecracker\S* --id/, /^timeout /, /^unshare /],
    measuresMemory: true,
    identity: ['hostname', 'machine-id'],
    enforces: ['memoryBytes', 'processes', 'vcpus'],
  },
  ({ start }) => {
    test('reaches no other port of the host over vsock', async () => {
      const { stream } = await start('vsock');
      const attempt = 's=socket.socket(socket.AF_VSOCK); s.settimeout(2); s.connect((2, 1025))';
      expect((await runInGuest(stream, `python3 -c 'import socket; ${attempt}'`)).code).toBe(1);
    });

    test('a guest that exits by itself is told at once', async () => {
      const sandbox = await start('exits');
      await runInGuest(sandbox.stream, 'true');
      const begin = performance.now();
      sandbox.stream.write('exit 0\n');
      expect(await sandbox.exited).toEqual({ reason: 'exited', code: 0 });
      expect(performance.now() - begin).toBeLessThan(patient(1500));
    });
  },
);
