// The draft of the form, kept in the address: it can be linked, and is there again after a reload and on the way
// back.
import { useNavigate, useRouterState, useSearch } from '@tanstack/react-router';
import { useEffect, useEffectEvent, useRef, useState } from 'react';
import { useSeed } from '../../../api/use-command.ts';
import { type Draft, draftOf, searchOf } from './draft.ts';
import type { NewTaskSearch } from './search.ts';

/** Browsers refuse an address that changes with every key. */
const WRITE_AFTER_MS = 250;
/**
 * Servers and proxies refuse long addresses. Longer instructions are kept with the entry of the browser's history
 * instead.
 */
const ADDRESS_CHARACTERS = 4_000;

declare module '@tanstack/react-router' {
  interface HistoryState {
    /** The instruction of the form for a new task, where the address has no room for it. */
    longInstruction?: string | undefined;
  }
}

/** @param isSent whether it is being sent at the moment */
export function useDraft(isSent: boolean): [Draft, (change: Partial<Draft>) => void] {
  const { manifest } = useSeed();
  const search = useSearch({ from: '/shell/tasks/new' });
  const long = useRouterState({ select: ({ location }) => location.state.longInstruction });
  const navigate = useNavigate();
  const given = { ...search, ...(long !== undefined && { instruction: long }) };
  const [draft, setDraft] = useState(() => draftOf(given, manifest.commands));
  const address = identityOf(given);
  const written = useRef(address);

  // The address was changed by a link, or by going back.
  useEffect(() => {
    if (address === written.current) return;
    written.current = address;
    setDraft(draftOf(JSON.parse(address), manifest.commands));
  }, [address, manifest]);

  const write = useEffectEvent(() => {
    const wanted = searchOf(draft);
    const identity = identityOf(wanted);
    const isLong = encodeURIComponent(draft.instruction).length > ADDRESS_CHARACTERS;
    if (identity === written.current && isLong === (long !== undefined)) return;
    written.current = identity;
    void navigate({
      to: '/tasks/new',
      search: isLong ? { ...wanted, instruction: undefined } : wanted,
      state: (before) => ({ ...before, longInstruction: isLong ? draft.instruction : undefined }),
      replace: true,
    });
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: each change of the draft is written a moment later
  useEffect(() => {
    const timer = setTimeout(() => write(), WRITE_AFTER_MS);
    return () => clearTimeout(timer);
  }, [draft]);
  // Whoever sends the form at once finds it again on the way back.
  useEffect(() => {
    if (isSent) write();
  }, [isSent]);

  return [draft, (change) => setDraft((before) => ({ ...before, ...change }))];
}

/** The same text for addresses that mean the same. */
function identityOf(search: NewTaskSearch): string {
  const given = Object.entries(search).filter(([, value]) => value !== undefined && value !== '');
  return JSON.stringify(Object.fromEntries(given.sort(([a], [b]) => (a < b ? -1 : 1))));
}
