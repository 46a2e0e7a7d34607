// Turns key presses into shortcuts: none while somebody types or a dialog is open, and none with Ctrl, Alt or Meta.
import { beginsShortcut, findShortcut, shortcuts } from './shortcuts.ts';

const SECOND_KEY_WITHIN_MS = 1_000;

/** @returns the end of it */
export function listenToKeys(): () => void {
  let first: { key: string; at: number } | null = null;
  const onKeyDown = (event: KeyboardEvent) => {
    const { key, target } = event;
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    if (isTyping(target) || document.querySelector('dialog[open]') || key === 'Shift') return;
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
