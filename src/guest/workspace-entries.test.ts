import { describe, expect, it } from 'vitest';
import { createSieve, type Entry } from './workspace-entries.ts';

const file = (name: string, more: Partial<Entry> = {}): Entry => ({
  name,
  type: 'file',
  size: 1,
  mode: 0o644,
  ...more,
});
const link = (name: string, linkname: string): Entry => ({ name, type: 'symlink', linkname });
const kept = (...entries: Entry[]) => {
  const sieve = createSieve();
  return entries.flatMap((entry) => sieve.keep(entry)?.name ?? []);
};

describe('what is kept of a workspace', () => {
  it('is files, folders and links within it', () => {
    const all = [
      { name: './', type: 'directory' } as const,
      { name: './src/', type: 'directory', mode: 0o555 } as const,
      file('./src/a.ts'),
      link('./src/b.ts', 'a.ts'),
      link('./src/up', '../README.md'),
      { name: './src/c.ts', type: 'link', linkname: './src/a.ts' } as const,
    ];
    expect(kept(...all)).toEqual(['src', 'src/a.ts', 'src/b.ts', 'src/up', 'src/c.ts']);
  });

  it.each<[string, Entry[]]>([
    ['an absolute name', [file('/etc/passwd')]],
    ['a name that leads out', [file('../x'), file('a/../../x')]],
    ['a name with NUL', [file('a\0b')]],
    ['a link to the root', [link('a', '/etc')]],
    ['a link that leads out', [link('a', '..'), link('d/a', '../..'), link('d/b', '../../etc')]],
    ['a link that steps up behind another one', [link('a', 'd/../..'), link('b', './x/..')]],
    ['a link to nothing', [link('a', '')]],
    ['a hard link to what is not there', [{ name: 'a', type: 'link', linkname: '/etc/passwd' }]],
    [
      'devices and pipes',
      (['character-device', 'block-device', 'fifo'] as const).map((type) => ({ name: type, type })),
    ],
    ["the caller's files", [file('in'), file('in/a'), { name: 'in', type: 'symlink', linkname: 'x' }]],
    ['notes that the guest did not make', [file('.seed-not-kept'), file('./.seed-not-kept')]],
  ])('is never %s', (_, entries) => {
    expect(kept(...entries)).toEqual([]);
  });

  it('is nothing behind a link, nor in the place of what is there', () => {
    expect(kept(link('a', 'b'), file('a/x'), { name: 'a', type: 'directory' }, file('a'))).toEqual(['a']);
    expect(kept({ name: 'd', type: 'directory' }, link('d', 'e'), file('d/x'))).toEqual(['d', 'd/x']);
    // The folder of a file is there although nothing says so.
    expect(kept(file('e/x'), link('e', '/'))).toEqual(['e/x']);
    expect(kept(link('a', 'b'), { name: 'c', type: 'link', linkname: 'a' })).toEqual(['a']);
  });

  it('has nobody else’s rights, and a time that can be written', () => {
    const sieve = createSieve();
    const odd = { uid: 0, gid: 0, uname: 'root', mtime: new Date(Number.NaN) };
    expect(sieve.keep(file('a', { ...odd, mode: 0o7777 }))).toEqual({
      ...{ name: 'a', type: 'file', size: 1, mode: 0o777 },
      mtime: new Date(0),
    });
    expect(sieve.keep({ name: 'd', type: 'directory', mode: 0o6000 })).toMatchObject({ mode: 0o700 });
  });

  it('is bounded in entries and bytes, and says what was left', () => {
    const sieve = createSieve(2, 10);
    expect(sieve.keep(file('a', { size: 8 }))).not.toBeNull();
    expect(sieve.keep(file('b', { size: 8 }))).toBeNull();
    expect(sieve.keep(file('c', { size: 2 }))).not.toBeNull();
    expect(sieve.keep(file('d', { size: 0 }))).toBeNull();
    expect(sieve.isFull()).toBe(true);
    expect(sieve.keep(link('e', '/x'))).toBeNull();
    expect(sieve.notes()).toEqual([
      'Not kept of /workspace: 2 entries, since there are too many or they are too large together, such as "b".',
      'Not kept of /workspace: 1 links or names that lead out of it, such as "e".',
    ]);
  });
});
