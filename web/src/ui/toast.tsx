// Passing messages about what was just done, on Radix; F8 leads to them. What has to be read stands elsewhere too.
import { Toast } from 'radix-ui';
import { useSyncExternalStore } from 'react';
import { createStore } from '../api/store.ts';

const SHOWN_MS = 4_000;

const toasts = createStore<readonly { id: number; text: string }[]>([]);
let lastId = 0;

export function toast(text: string): void {
  lastId += 1;
  toasts.set([...toasts.get(), { id: lastId, text }]);
}

/** @returns for `onSuccess`: a function that says that it is done, and goes on with `then` */
export function toastThen(text: string, then: () => void): () => void {
  return () => {
    toast(text);
    then();
  };
}

export function Toasts() {
  const shown = useSyncExternalStore(toasts.subscribe, toasts.get);
  const remove = (id: number) => toasts.set(toasts.get().filter((one) => one.id !== id));
  return (
    <Toast.Provider duration={SHOWN_MS}>
      {shown.map(({ id, text }) => (
        <Toast.Root
          key={id}
          onOpenChange={() => remove(id)}
          className="rounded-lg bg-ink px-4 py-2 text-canvas shadow-lg"
        >
          <Toast.Description>{text}</Toast.Description>
        </Toast.Root>
      ))}
      <Toast.Viewport className="pointer-events-none fixed inset-x-0 bottom-4 z-50 flex flex-col items-center gap-2 px-4" />
    </Toast.Provider>
  );
}
