import { describe, expect, it } from 'vitest';
import { generateKeySecret } from '../core/key-secret.ts';
import type { Store } from '../store/store.ts';
import { authenticate } from './authenticate.ts';

/** A store whose database must not be touched. */
function untouchableStore(): { store: Store; asked: () => boolean } {
  let asked = false;
  const store = new Proxy({} as Store, {
    get() {
      asked = true;
      throw new Error('the database was asked');
    },
  });
  return { store, asked: () => asked };
}

describe('authenticate', () => {
  it.each([
    [undefined, 'not_authenticated'],
    ['Basic dXNlcjpwYXNz', 'not_authenticated'],
    ['Bearer ', 'not_authenticated'],
    ['Bearer sk_live_short', 'invalid_key'],
    [`Bearer ${generateKeySecret().slice(0, -1)}_`, 'invalid_key'],
    [`Bearer ${generateKeySecret()}x`, 'invalid_key'],
  ])('refuses %s with %s before the database is asked', async (header, code) => {
    const { store, asked } = untouchableStore();
    await expect(authenticate(header, store)).rejects.toMatchObject({ code, status: 401 });
    expect(asked()).toBe(false);
  });

  it('asks the database about a key whose checksum is right', async () => {
    const { store, asked } = untouchableStore();
    await expect(authenticate(`Bearer ${generateKeySecret()}`, store)).rejects.toThrow(
      'the database was asked',
    );
    expect(asked()).toBe(true);
  });
});
