import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { wholeEnvironment } from '../../src/lib/env.ts';
import { directory, entriesOf, inOrder, made } from './entries.ts';
import { makeLayer } from './layer.ts';
import { full } from './oci.ts';

const folder = mkdtempSync(join(tmpdir(), 'seed-layer-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const LONG = `deep/${'long-name-'.repeat(12)}/${'file-'.repeat(30)}.txt`;

/** The same tree, with its files written in the order given, at another time. */
function tree(name: string, reverse: boolean): string {
  const root = join(folder, name);
  const files = {
    'usr/bin/run': '#!/bin/sh\n',
    'usr/a-b': 'dash',
    'usr/a/b': 'slash',
    [LONG]: 'long',
    'ümlaut ü': '',
  };
  const names = Object.entries(files);
  for (const [path, text] of reverse ? names.reverse() : names) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  chmodSync(join(root, 'usr/bin/run'), 0o755);
  linkSync(join(root, 'usr/bin/run'), join(root, 'usr/bin/walk'));
  // A third name that lies outside of the tree, as in images that share files: it is no part of the layer.
  linkSync(join(root, 'usr/a-b'), join(folder, `${name}-outside`));
  symlinkSync('../usr/bin/run', join(root, 'usr/link'));
  utimesSync(join(root, 'usr/a-b'), new Date(), new Date(reverse ? 0 : 1e12));
  return root;
}

const ADDED = [
  made('etc/passwd', 'root:x:0:0\n'),
  directory('home/agent', { owner: 1000 }),
  made('usr/a-b', 'other'),
];

test('the same files give the same bytes, whenever and in whatever order they were written', async () => {
  const blobs = join(folder, 'blobs');
  const layerOf = async (root: string) =>
    makeLayer([...(await entriesOf({ folder: root, at: '' })), ...ADDED], blobs);
  const [first, second] = [await layerOf(tree('one', false)), await layerOf(tree('two', true))];
  expect(second).toEqual(first);

  const file = join(blobs, first.digest.replace('sha256:', ''));
  const listed = execFileSync(
    'tar',
    ['--list', '--verbose', '--gzip', '--utc', '--numeric-owner', '--file', file],
    {
      encoding: 'utf8',
      env: { ...wholeEnvironment(), LC_ALL: 'C.UTF-8' },
    },
  );
  const lines = listed.trimEnd().split('\n');
  expect(lines.every((line) => line.includes('2024-01-01 00:00'))).toBe(true);
  expect(lines.map((line) => line.replace(/\s+/g, ' ').replace(' 2024-01-01 00:00', ''))).toEqual([
    'drwxr-xr-x 0/0 0 deep/',
    `drwxr-xr-x 0/0 0 ${dirname(LONG)}/`,
    `-rw-r--r-- 0/0 4 ${LONG}`,
    'drwxr-xr-x 0/0 0 etc/',
    '-rw-r--r-- 0/0 11 etc/passwd',
    'drwxr-xr-x 0/0 0 home/',
    'drwxr-xr-x 1000/1000 0 home/agent/',
    'drwxr-xr-x 0/0 0 usr/',
    'drwxr-xr-x 0/0 0 usr/a/',
    '-rw-r--r-- 0/0 5 usr/a-b',
    '-rw-r--r-- 0/0 5 usr/a/b',
    'drwxr-xr-x 0/0 0 usr/bin/',
    '-rwxr-xr-x 0/0 10 usr/bin/run',
    'hrwxr-xr-x 0/0 0 usr/bin/walk link to usr/bin/run',
    'lrwxrwxrwx 0/0 0 usr/link -> ../usr/bin/run',
    '-rw-r--r-- 0/0 0 ümlaut ü',
  ]);
});

test('a file that changes while it is read makes no layer', async () => {
  const path = join(folder, 'shrinking');
  writeFileSync(path, 'short');
  const entry = { path: 'f', mode: 0o644, owner: 0, type: 'file', size: 10, from: path } as const;
  await expect(makeLayer([entry], join(folder, 'none'))).rejects.toThrow();
});

test('a path that is named twice is what was said last, and every folder is there', () => {
  const entries = inOrder([made('a/b/c', 'one'), made('a/b/c', 'two'), directory('a', { mode: 0o700 })]);
  expect(entries.map(({ path, mode }) => [path, mode])).toEqual([
    ['a', 0o700],
    ['a/b', 0o755],
    ['a/b/c', 0o644],
  ]);
  expect(entries.at(-1)).toMatchObject({ content: Buffer.from('two') });
});

test.each([
  ['seed:1', 'docker.io/library/seed:1'],
  ['acme/seed:1', 'docker.io/acme/seed:1'],
  ['registry.example:5000/seed', 'registry.example:5000/seed'],
  ['localhost/seed', 'localhost/seed'],
])('%s is known as %s', (reference, name) => expect(full(reference)).toBe(name));
