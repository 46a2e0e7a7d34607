// The fake Firecracker holds the driver to the published description and order of calls; these tests hold the fake
// to it.
import { expect, test } from 'vitest';
import {
  bootRequests,
  freezeRequests,
  probeRequests,
  restoreRequests,
} from '../../src/drivers/firecracker/api.ts';
import { checkRequest, ENDPOINTS } from '../fixtures/firecracker-api.ts';

const size = { vcpus: 2, memoryMib: 1024 };
const all = [...bootRequests(size), ...probeRequests(), ...freezeRequests(), ...restoreRequests()];

test.each(all.map(([method, path, body]) => [`${method} ${path}`, method, path, body] as const))(
  '%s is as described, and stricter it cannot be',
  (_, method, path, body) => {
    expect(checkRequest(method, path, JSON.stringify(body))).toMatchObject({ ok: true });
    const more = checkRequest(method, path, JSON.stringify({ ...body, surprise: 1 }));
    expect(more).toMatchObject({ ok: false, fault: expect.stringContaining('surprise') });
    for (const key of Object.keys(body)) {
      const wrong = checkRequest(method, path, JSON.stringify({ ...body, [key]: [] }));
      expect(wrong, key).toMatchObject({ ok: false });
    }
  },
);

test('every endpoint of the transcription is used, and no network interface is among them', () => {
  const used = all.map(([method, path]) => `${method} ${path.replace('/drives/root', '/drives/{drive_id}')}`);
  expect(new Set(used)).toEqual(new Set(Object.keys(ENDPOINTS)));
  expect(used.join()).not.toContain('network');
});

test.each([
  ['GET', '/machine-config'],
  ['PUT', '/vm'],
  ['PUT', '/network-interfaces/eth0'],
])('%s %s is not among them', (method, path) => {
  expect(checkRequest(method, path, '{}')).toEqual({
    ok: false,
    fault: `Invalid request method and/or path: ${method} ${path.slice(1)}.`,
  });
});

test('the drive of the path is the drive of the body', () => {
  const [, , body] = bootRequests(size)[2] ?? ['', '', {}];
  expect(checkRequest('PUT', '/drives/other', JSON.stringify(body))).toMatchObject({ ok: false });
});
