// Clones of one snapshot are different machines, and know what time it is.
import { expect, test } from 'vitest';
import { askClock } from '../fixtures/echo-guest.ts';
import { lines, type Suite } from './suite-parts.ts';

const CLONES = 3;
/** How far a clone's clock may be off. */
const CLOCK_MS = 50;

const COMMANDS = {
  urandom: 'head -c 16 /dev/urandom | base64',
  uuid: 'node -p "crypto.randomUUID()"',
  openssl: 'openssl rand -hex 16',
  hostname: 'hostname',
  'machine-id': 'cat /etc/machine-id',
} as const;

export function testClones({ start, traits }: Suite): void {
  test('clones differ, and their clocks are right', async () => {
    const same = (['hostname', 'machine-id'] as const).filter((what) => !traits.identity.includes(what));
    if (same.length > 0) console.warn(`SKIPPED ${traits.choice}: its clones share ${same.join(' and ')}`);
    const asked = Object.entries(COMMANDS).filter(([what]) => !same.some((name) => name === what));
    const answers: string[][] = [];
    for (let count = 0; count < CLONES; count += 1) {
      const { stream } = await start(`clone-${count}`);
      const { before, guest, after } = await askClock(stream);
      expect(guest).toBeGreaterThan(before - CLOCK_MS);
      expect(guest).toBeLessThan(after + CLOCK_MS);
      answers.push(await lines(stream, asked.map(([, command]) => command).join('; ')));
    }
    for (const [index, [what]] of asked.entries()) {
      const values = answers.map((answer) => answer[index] ?? '');
      expect(
        values.every((value) => value !== ''),
        what,
      ).toBe(true);
      expect(new Set(values).size, what).toBe(CLONES);
    }
  });
}
