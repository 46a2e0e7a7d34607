// The commands of the library, called as a server calls them, on a database that is thrown away.
import { type OpenPack, openPack } from 'seed/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

let library: OpenPack;
beforeAll(async () => {
  library = await openPack(new URL('../05-a-pack/library/pack.ts', import.meta.url));
});
afterAll(() => library?.[Symbol.asyncDispose]());

it('lends a book for as long as was asked', async () => {
  const { dueOn } = await library.call('loans add', { book: 'Emma', reader: 'Ada', days: 14 });
  const days = (Date.parse(dueOn) - library.clock.now().getTime()) / 86_400_000;
  expect(Math.ceil(days)).toBe(14);
  expect(await library.sql('select book, reader from loans')).toEqual([{ book: 'Emma', reader: 'Ada' }]);
});

it('lends no book twice', async () => {
  await expect(library.call('loans add', { book: 'Emma', reader: 'Grace' })).rejects.toMatchObject({
    code: 'conflict',
    message: 'The book is lent already.',
  });
  expect(await library.sql('select from loans')).toHaveLength(1);
});

it('says when one is overdue', async () => {
  const isOverdue = async () => (await library.call('loans list')).items[0].isOverdue;
  expect(await isOverdue()).toBe(false);
  library.clock.advance(20 * 86_400_000);
  expect(await isOverdue()).toBe(true);
});

it('refuses an input that does not fit, before anything runs', async () => {
  const endless = library.call('loans add', { book: 'Middlemarch', reader: 'Ada', days: 61 });
  await expect(endless).rejects.toMatchObject({ code: 'invalid_input' });
});

it('shows nothing to who lacks the scope, nor to another account', async () => {
  const stranger = library.withScopes(['keys:read']).call('loans list');
  await expect(stranger).rejects.toMatchObject({ code: 'missing_scope' });
  const other = await library.otherAccount();
  expect(await other.call('loans list')).toEqual({ items: [], nextCursor: null });
});
