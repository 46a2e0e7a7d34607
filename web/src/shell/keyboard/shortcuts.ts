// The shortcuts that work at this moment. Whoever is shown registers its own, so that the help lists what is really there.
import { createStore } from '../../api/store.ts';

export interface Shortcut {
  /** `j`, `/`, `Escape`, or two keys one after the other: `g t`. As in KeyboardEvent.key. */
  keys: string;
  /** What it does, for the help: "Next command". */
  label: string;
  /** Where the help lists it. */
  group: 'Everywhere' | 'Go to' | 'This page';
  run(): void;
}

export const shortcuts = createStore<readonly Shortcut[]>([]);

/** @returns takes it away again */
export function addShortcut(shortcut: Shortcut): () => void {
  shortcuts.set([...shortcuts.get(), shortcut]);
  return () => shortcuts.set(shortcuts.get().filter((one) => one !== shortcut));
}

/** Those of the same keys that came later go before. */
export function findShortcut(all: readonly Shortcut[], keys: string): Shortcut | undefined {
  return all.findLast((shortcut) => shortcut.keys === keys);
}

/** Whether the key may be the first of two. */
export function beginsShortcut(all: readonly Shortcut[], key: string): boolean {
  return all.some(({ keys }) => keys.startsWith(`${key} `));
}
