// What the key may not use is not offered.
import { expect, it } from 'vitest';
import { offeredPages, type Page } from './page.ts';

const page = (name: string, needs: string | null): Page => ({
  name,
  needs,
  path: `/${name}`,
  icon: 'list',
  keys: name,
  routes: [],
});
const PAGES = [page('tasks', 'tasks list'), page('keys', 'keys list'), page('commands', null)];

it.each([
  [
    ['tasks list', 'keys list'],
    ['tasks', 'keys', 'commands'],
  ],
  [['keys list'], ['keys', 'commands']],
  [[], ['commands']],
])('a key that may %j is offered %j', (allowed, names) => {
  const offered = offeredPages(PAGES, (name) => (allowed as string[]).includes(name));
  expect(offered.map(({ name }) => name)).toEqual(names);
});
