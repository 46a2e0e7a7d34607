// `?` shows every shortcut that works here.
import { useState, useSyncExternalStore } from 'react';
import { IconButton } from '../ui/button.tsx';
import { Kbd } from '../ui/code.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { findShortcut, type Shortcut, shortcuts, useShortcut } from '../ui/keyboard.ts';

const GROUPS: readonly Shortcut['group'][] = ['This page', 'Go to', 'Everywhere'];
const NAMES: Record<string, string> = { Escape: 'Esc' };

export function KeyboardHelp() {
  const [open, setOpen] = useState(false);
  const all = useSyncExternalStore(shortcuts.subscribe, shortcuts.get);
  useShortcut('?', 'Show the keyboard shortcuts', () => setOpen(true), { group: 'Everywhere' });
  return (
    <>
      <IconButton label="Keyboard shortcuts (?)" icon="keyboard" onClick={() => setOpen(true)} />
      <Dialog title="Keyboard shortcuts" open={open} onClose={() => setOpen(false)}>
        <div className="flex flex-col gap-6 px-6 py-4">
          {GROUPS.map((group) => {
            const members = all.filter(
              (shortcut) => shortcut.group === group && findShortcut(all, shortcut.keys) === shortcut,
            );
            if (members.length === 0) return null;
            return (
              <section key={group}>
                <h3 className="mb-1 text-sm font-medium text-muted">{group}</h3>
                <dl className="divide-y divide-line">
                  {members.map(({ keys, label }) => (
                    <div key={keys} className="flex items-center justify-between py-1.5">
                      <dt>{label}</dt>
                      <dd className="flex gap-1">
                        {keys.split(' ').map((key) => (
                          <Kbd key={key}>{NAMES[key] ?? key}</Kbd>
                        ))}
                      </dd>
                    </div>
                  ))}
                </dl>
              </section>
            );
          })}
        </div>
      </Dialog>
    </>
  );
}
