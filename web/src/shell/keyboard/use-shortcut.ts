// Shortcuts of components, for as long as they are shown.
import { type RefObject, useEffect, useEffectEvent } from 'react';
import { addShortcut, type Shortcut } from './shortcuts.ts';

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

/** `/` leads to the page's search. */
export function useSearchKey(input: RefObject<HTMLInputElement | null>): void {
  useShortcut('/', 'Search', () => {
    input.current?.focus();
    input.current?.select();
  });
}

/** `j` and `k` move the focus through the elements marked `data-row` in the box; Enter opens them as links do. */
export function useRowKeys(box: RefObject<HTMLElement | null>, what: string): void {
  const move = (step: 1 | -1) => {
    const rows = [...(box.current?.querySelectorAll<HTMLElement>('[data-row]') ?? [])];
    const current = rows.findIndex((row) => row === document.activeElement || row.ariaCurrent === 'page');
    const focused = rows.indexOf(document.activeElement as HTMLElement);
    const from = focused >= 0 ? focused : current;
    const next =
      from < 0 ? (step === 1 ? 0 : rows.length - 1) : Math.min(Math.max(from + step, 0), rows.length - 1);
    rows[next]?.focus();
    rows[next]?.scrollIntoView({ block: 'nearest' });
  };
  useShortcut('j', `Next ${what}`, () => move(1));
  useShortcut('k', `Previous ${what}`, () => move(-1));
}
