import { expect, test } from 'vitest';
import { bill, type Part } from './sbom.ts';

const PARTS: Part[] = [
  {
    kind: 'npm',
    name: '@scope/name',
    version: '1.0.0',
    license: '(MIT OR Apache-2.0)',
    licenseFile: '/a/LICENSE',
  },
  { kind: 'deb', name: 'libstdc++6', version: '1:14.2~rc1-19', architecture: 'amd64' },
  { kind: 'golang', name: 'gvisor.dev/gvisor', version: 'v0.0.0-1', license: 'SEE LICENSE IN x' },
];

test('parts are named by their purl, each once, and the same bill is the same bytes', () => {
  const about = { name: 'seed', version: '1.2.3' };
  const text = bill(about, PARTS);
  expect(bill(about, [...PARTS, ...PARTS].reverse())).toBe(text);
  const { serialNumber, components } = JSON.parse(text);
  expect(serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
  expect(JSON.parse(bill({ ...about, version: '1.2.4' }, PARTS)).serialNumber).not.toBe(serialNumber);
  expect(components).toMatchObject([
    { purl: 'pkg:deb/debian/libstdc%2B%2B6@1:14.2~rc1-19?arch=amd64' },
    { purl: 'pkg:golang/gvisor.dev/gvisor@v0.0.0-1', licenses: [{ license: { name: 'SEE LICENSE IN x' } }] },
    {
      purl: 'pkg:npm/%40scope/name@1.0.0',
      licenses: [{ expression: '(MIT OR Apache-2.0)' }],
      properties: [{ name: 'seed:licence-file', value: '/a/LICENSE' }],
    },
  ]);
});
