import { expect, it } from 'vitest';
import { clashingName, fileNameProblem, foldersOf } from './file-name.ts';
import { LIMITS } from './limits.ts';

it.each([
  'report.csv',
  'a/b/c.txt',
  '.hidden',
  '...',
  '-rf',
  'Übersicht für März.pdf',
  '日本語.txt',
  'x'.repeat(LIMITS.fileNameBytes),
])('%s is a name', (name) => expect(fileNameProblem(name)).toBeNull());

it.each([
  ['', 'empty'],
  ['/etc/passwd', 'slash'],
  ['a/', 'slash'],
  ['a//b', 'slash'],
  ['..', '".."'],
  ['../a', '".."'],
  ['a/../../b', '".."'],
  ['./a', '"."'],
  ['a\\..\\b', 'backslash'],
  ['C:\\a', 'backslash'],
  ['a\0b', 'control'],
  ['a\nb', 'control'],
  ['a\u001b[31m', 'control'],
  ['a\u202efdp.exe', 'invisible'],
  ['a\u200bb', 'invisible'],
  ['a\u2028b', 'invisible'],
  ['a\ud800b', 'invisible'],
  [' a', 'space'],
  ['a /b', 'space'],
  ['ü'.repeat(LIMITS.fileNameBytes / 2 + 1), 'longer'],
  [`${'a/'.repeat(LIMITS.fileNameDepth)}b`, 'folders deep'],
])('%j is none: %s', (name, problem) => expect(fileNameProblem(name)).toContain(problem));

it('names clash when one is there twice or would have to be a folder, too', () => {
  expect(clashingName(['a', 'b', 'a'])).toBe('a');
  expect(clashingName(['a/b', 'c', 'a'])).toBe('a/b');
  expect(clashingName(['a/b', 'a/c', 'ab'])).toBeNull();
});

it('the folders of a name are all that it lies in', () => {
  expect(foldersOf('a/b/c')).toEqual(['a', 'a/b']);
  expect(foldersOf('a')).toEqual([]);
});
