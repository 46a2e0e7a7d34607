import { expect, test } from 'vitest';
import { SeedError } from '../protocol/errors.ts';
import { isHostLack } from './host-lack.ts';

const nodes = (code: string) => Object.assign(new Error(`${code}: …`), { code });

test.each(['EMFILE', 'ENFILE', 'EAGAIN', 'ENOMEM', 'ENOBUFS', 'EADDRNOTAVAIL', 'ENOSPC', 'EDQUOT'])(
  '%s is a lack of the host, whatever it caused',
  (code) => {
    expect(isHostLack(nodes(code))).toBe(true);
    const caused = new SeedError('sandbox_failed', 'cannot start', { cause: nodes(code) });
    expect(isHostLack(caused)).toBe(true);
    expect(isHostLack(new Error('again', { cause: caused }))).toBe(true);
  },
);

test.each([nodes('ENOENT'), nodes('ECONNREFUSED'), new Error('no code'), 'EMFILE', undefined])(
  '%s is none',
  (error) => {
    expect(isHostLack(error)).toBe(false);
  },
);
