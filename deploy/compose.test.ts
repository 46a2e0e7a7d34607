import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { readVersion } from '../src/lib/version.ts';

interface Service {
  image: string;
  privileged?: boolean;
  cap_add?: string[];
  cap_drop?: string[];
  read_only?: boolean;
  security_opt?: string[];
}

const text = readFileSync(new URL('./compose.yaml', import.meta.url), 'utf8');
const { services } = parse(text, { merge: true }) as { services: Record<string, Service> };

test('server and runner have no privileges, no capabilities and a root that cannot be written', () => {
  for (const name of ['server', 'runner']) {
    expect(services[name], name).toMatchObject({ cap_drop: ['ALL'], read_only: true });
    expect(services[name]?.security_opt).toContain('no-new-privileges:true');
    expect(Object.keys(services[name] ?? {})).not.toEqual(expect.arrayContaining(['privileged']));
    expect(Object.keys(services[name] ?? {})).not.toEqual(expect.arrayContaining(['cap_add']));
  }
  expect(services['server']?.security_opt).toHaveLength(1);
});

test('takes the image of this version', () => {
  expect(services['server']?.image).toBe(`\${SEED_IMAGE:-seed:${readVersion()}}`);
});

test('every secret that it demands is made by compose-env.sh, anew each time', () => {
  const make = () =>
    Object.fromEntries(
      execFileSync('sh', [new URL('./compose-env.sh', import.meta.url).pathname], { encoding: 'utf8' })
        .split('\n')
        .filter((line) => /^\w+=/.test(line))
        .map((line) => line.split('=', 2) as [string, string]),
    );
  const [one, other] = [make(), make()];
  const demanded = [...text.matchAll(/\$\{(\w+):\?/g)].map(([, name = '']) => name);
  expect(demanded.length).toBeGreaterThan(2);
  for (const name of demanded) {
    expect(one[name]?.length, name).toBeGreaterThanOrEqual(32);
    expect(one[name], name).not.toBe(other[name]);
  }
});
