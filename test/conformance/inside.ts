// What a guest finds around it.
import { expect, test } from 'vitest';
import { runInGuest } from '../fixtures/echo-guest.ts';
import { lines, type Suite } from './suite-parts.ts';

export function testInside(suite: Suite): void {
  const { start } = suite;

  test('has no network but its own loopback, a read-only root and an ordinary user', async () => {
    const { stream } = await start('inside');
    expect(await lines(stream, 'tail -n +3 /proc/net/dev | cut -d: -f1; ip -o link | cut -d: -f2')).toEqual([
      'lo',
      'lo',
    ]);
    expect((await runInGuest(stream, 'curl -sS -m 3 http://1.1.1.1')).code).toBe(7);
    expect((await runInGuest(stream, 'getent hosts example.com')).code).toBe(2);
    expect(await lines(stream, 'id -u; pwd')).toEqual(['1000', '/']);
    expect(await lines(stream, 'grep CapEff /proc/self/status')).toEqual(['CapEff:\t0000000000000000']);
    expect((await runInGuest(stream, 'touch /usr/x /etc/x /opt/seed/x')).code).toBe(1);
    expect((await runInGuest(stream, 'touch /workspace/x /tmp/x ~/x /dev/shm/x')).code).toBe(0);
  });

  test('holds what an agent needs', async () => {
    const { stream } = await start('tools');
    const tools = 'bash git rg fd jq curl python3 node awk sed tar unzip less file which ps ip';
    expect((await runInGuest(stream, `which ${tools} >/dev/null`)).code).toBe(0);
    const python = 'import csv, datetime, json, sqlite3, ssl, urllib.request';
    expect(await runInGuest(stream, `python3 -c "${python}" && git --version >/dev/null`)).toEqual({
      output: '',
      code: 0,
    });
  });
}
