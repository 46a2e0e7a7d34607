// The list at the left with its search; at the right whatever is chosen. On a phone one of the two.
import { Link, Outlet, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useSeed } from '../../api/use-command.ts';
import { EffectBadge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { classNames } from '../../ui/class-names.ts';
import { SearchField } from '../../ui/fields.tsx';
import { useRowKeys } from '../../ui/keyboard.ts';
import { EmptyState } from '../../ui/states.tsx';
import { type CommandGroup, groupCommands, searchCommands, slugOf } from './command-groups.ts';

export function Commands() {
  const { manifest } = useSeed();
  const { q = '' } = useSearch({ from: '/shell/commands' });
  const { name: chosen } = useParams({ strict: false });
  const navigate = useNavigate();
  const list = useRef<HTMLDivElement>(null);
  useRowKeys(list, 'command');
  useEffect(() => {
    if (chosen) list.current?.querySelector('[aria-current=page]')?.scrollIntoView({ block: 'nearest' });
  }, [chosen]);
  const setSearch = (text: string) =>
    void navigate({ to: '.', search: text === '' ? {} : { q: text }, replace: true });
  const groups = groupCommands(searchCommands(manifest.commands, q));
  return (
    <div className="flex h-full flex-col lg:grid lg:grid-cols-[24rem_minmax(0,1fr)]">
      <title>Commands · Seed</title>
      <section
        aria-label="Commands"
        className={classNames(
          'min-h-0 flex-1 flex-col border-line lg:flex lg:border-r',
          chosen ? 'hidden' : 'flex',
        )}
      >
        <header className="flex flex-col gap-3 border-b border-line px-4 pt-4 pb-3">
          <div className="flex items-baseline justify-between">
            <h1 className="text-lg font-semibold">Commands</h1>
            <p className="text-sm text-muted tabular-nums">{manifest.commands.length} with this key</p>
          </div>
          <SearchField label="Search commands" value={q} onChange={setSearch} />
        </header>
        <div ref={list} className="min-h-0 flex-1 overflow-y-auto pb-6">
          {groups.map((group) => (
            <Group key={group.noun} group={group} />
          ))}
          {groups.length === 0 && (
            <EmptyState
              icon="search"
              title="No command matches"
              action={<Button onClick={() => setSearch('')}>Clear the search</Button>}
            >
              Commands that this key has no scope for are not listed: another key may have more.
            </EmptyState>
          )}
        </div>
      </section>
      <section
        aria-label="Command"
        className={classNames('min-h-0 flex-1 overflow-y-auto lg:block', !chosen && 'hidden')}
      >
        <Outlet />
      </section>
    </div>
  );
}

function Group({ group: { noun, commands } }: { group: CommandGroup }) {
  return (
    <section aria-labelledby={`noun-${noun}`}>
      <h2
        id={`noun-${noun}`}
        className="sticky top-0 z-10 bg-canvas px-4 pt-4 pb-1 text-sm font-medium text-muted capitalize"
      >
        {noun}
      </h2>
      <ul className="px-2">
        {commands.map((command) => (
          <li key={command.name}>
            <Link
              data-row
              to="/commands/$name"
              params={{ name: slugOf(command) }}
              search={(before) => before}
              className="flex flex-col gap-0.5 rounded-md px-2 py-1.5 hover:bg-sunken"
              activeProps={{ className: 'bg-accent-soft!' }}
            >
              <span className="flex items-center justify-between gap-2">
                <span className="truncate font-mono text-sm font-medium">{command.name}</span>
                <EffectBadge effect={command.effect} />
              </span>
              <span className="truncate text-sm text-muted">{command.summary}</span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What stands beside the list before a command is chosen. */
export function Overview() {
  const { key } = useSeed();
  return (
    <div className="flex h-full items-center justify-center">
      <EmptyState icon="command" title="What an agent with this key can do">
        <p>
          These are all the commands that “{key.name}” may use, and the most that a task it starts can be given.
          Choose one to see its inputs and how to call it.
        </p>
      </EmptyState>
    </div>
  );
}
