// The commands that the agent will have, before it has them.
import { Link } from '@tanstack/react-router';
import type { ManifestCommand } from '../../../../src/protocol/manifest.ts';
import { EffectBadge } from '../../ui/badge.tsx';
import { slugOf } from '../commands/command-groups.ts';

export function AgentCommands({ commands }: { commands: readonly ManifestCommand[] }) {
  const changing = commands.filter(({ effect }) => effect !== 'read').length;
  const things = commands.length === 1 ? 'this command' : `these ${commands.length} commands`;
  return (
    <section aria-labelledby="agent-commands" className="flex flex-col gap-2">
      <div role="status">
        <h2 id="agent-commands" className="font-medium">
          The agent may use {things}
        </h2>
        <p className="text-sm text-muted">
          {changing === 0
            ? 'It can read, and change nothing.'
            : `${changing} of them ${changing === 1 ? 'changes' : 'change'} something.`}
        </p>
      </div>
      <ul
        aria-labelledby="agent-commands"
        className="max-h-72 divide-y divide-line overflow-y-auto rounded-lg border border-line bg-surface"
      >
        {commands.map((command) => (
          <li key={command.name} className="flex h-8 items-center justify-between gap-2 px-3">
            <Link
              to="/commands/$name"
              params={{ name: slugOf(command) }}
              className="truncate font-mono text-sm hover:text-accent hover:underline"
            >
              {command.name}
            </Link>
            <EffectBadge effect={command.effect} />
          </li>
        ))}
      </ul>
    </section>
  );
}
