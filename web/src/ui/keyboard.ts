// Keyboard shortcuts: those that work at this moment, the listener that runs them, the hooks that add them.
import { type RefObject, useEffect, useEffectEvent } from 'react';
import { createStore } from '../api/store.ts';

export interface Shortcut {
  /** `j`, `/`, `Escape`, or two keys one after the other: `g t`. As in KeyboardEvent.key. */
  keys: string;
  /** What it does, for the help: "Next command". */
  label: string;
  group: 'Everywhere' | 'Go to' | 'This page';
  run(): void;
}

export const shortcuts = createStore<readonly Shortcut[]>([]);

/** @returns a function that takes it away again */
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

const SECOND_KEY_WITHIN_MS = 1_000;

/** @returns a function that ends it */
export function listenToKeys(): () => void {
  let first: { key: string; at: number } | null = null;
  const onKeyDown = (event: KeyboardEvent) => {
    const { key, target } = event;
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    if (isTyping(target) || document.querySelector('[role=dialog], [role=menu]') || key === 'Shift') return;
    const all = shortcuts.get();
    const before = first && event.timeStamp - first.at < SECOND_KEY_WITHIN_MS ? first.key : null;
    const found = (before && findShortcut(all, `${before} ${key}`)) || findShortcut(all, key);
    first = !found && beginsShortcut(all, key) ? { key, at: event.timeStamp } : null;
    if (!found) return;
    event.preventDefault();
    found.run();
  };
  document.addEventListener('keydown', onKeyDown);
  return () => document.removeEventListener('keydown', onKeyDown);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]');
}

/** Shortcuts of components, for as long as they are shown. */
export function useShortcut(
  keys: string,
  label: string,
  run: () => void,
  { group = 'This page', enabled = true }: { group?: Shortcut['group']; enabled?: boolean } = {},
): void {
  const act = useEffectEvent(run);
  useEffect(() => {
    if (!enabled) return;
    return addShortcut({ keys, label, group, run: () => act() });
  }, [keys, label, group, enabled]);
}

/** `j` and `k` move the focus through the elements marked `data-row` in the box; Enter opens them as links do. */
export function useRowKeys(box: RefObject<HTMLElement | null>, what: string): void {
  const move = (step: 1 | -1) => {
    const rows = [...(box.current?.querySelectorAll<HTMLElement>('[data-row]') ?? [])];
    const focused = rows.indexOf(document.activeElement as HTMLElement);
    const from = focused >= 0 ? focused : rows.findIndex((row) => row.ariaCurrent === 'page');
    const next =
      from < 0 ? (step === 1 ? 0 : rows.length - 1) : Math.min(Math.max(from + step, 0), rows.length - 1);
    rows[next]?.focus();
    rows[next]?.scrollIntoView({ block: 'nearest' });
  };
  useShortcut('j', `Next ${what}`, () => move(1));
  useShortcut('k', `Previous ${what}`, () => move(-1));
}

/** Ctrl+Enter (or ⌘+Enter) sends a form, also while somebody writes in a text of several lines. */
export function useSubmitKey(form: RefObject<HTMLFormElement | null>): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      form.current?.requestSubmit();
    };
    const element = form.current;
    element?.addEventListener('keydown', onKeyDown);
    return () => element?.removeEventListener('keydown', onKeyDown);
  }, [form]);
}
