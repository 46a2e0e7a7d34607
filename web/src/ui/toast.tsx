// Short messages about what was just done. They leave by themselves; nothing that has to be read stands only here.
import { useSyncExternalStore } from 'react';
import { createStore } from '../api/store.ts';

const SHOWN_MS = 4_000;

interface Toast {
  id: number;
  text: string;
}

const toasts = createStore<readonly Toast[]>([]);
let lastId = 0;

export function toast(text: string): void {
  lastId += 1;
  const id = lastId;
  toasts.set([...toasts.get(), { id, text }]);
  setTimeout(() => toasts.set(toasts.get().filter((one) => one.id !== id)), SHOWN_MS);
}

/** Where they show; once, in the shell. */
export function Toasts() {
  const shown = useSyncExternalStore(toasts.subscribe, toasts.get);
  return (
    <div
      role="status"
      className="pointer-events-none fixed inset-x-0 bottom-4 z-50 flex flex-col items-center gap-2 px-4"
    >
      {shown.map(({ id, text }) => (
        <p key={id} className="rounded-lg bg-ink px-4 py-2 text-canvas shadow-lg">
          {text}
        </p>
      ))}
    </div>
  );
}
