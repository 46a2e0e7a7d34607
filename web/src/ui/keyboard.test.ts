// Which shortcut a key stands for.
import { expect, it } from 'vitest';
import { addShortcut, beginsShortcut, findShortcut, type Shortcut, shortcuts } from './keyboard.ts';

const shortcut = (keys: string, label: string): Shortcut => ({
  keys,
  label,
  group: 'This page',
  run: () => {},
});

it('finds the one that came last, and the earlier one again when it is gone', () => {
  addShortcut(shortcut('j', 'of the list'));
  const remove = addShortcut(shortcut('j', 'of the dialog'));
  expect(findShortcut(shortcuts.get(), 'j')?.label).toBe('of the dialog');
  remove();
  expect(findShortcut(shortcuts.get(), 'j')?.label).toBe('of the list');
});

it('knows the first of two keys', () => {
  const all = [shortcut('g t', 'Tasks'), shortcut('c', 'New task')];
  expect(beginsShortcut(all, 'g')).toBe(true);
  expect(beginsShortcut(all, 'c')).toBe(false);
  expect(findShortcut(all, 'g t')?.label).toBe('Tasks');
  expect(findShortcut(all, 't')).toBeUndefined();
});
