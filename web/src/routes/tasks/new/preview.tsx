// What comes of the form: the commands that the agent will have, and what the button sends, written as the other
// ways to send it.
import { Link } from '@tanstack/react-router';
import type { ManifestCommand } from '../../../../../src/protocol/manifest.ts';
import type { CommandInput } from '../../../api/commands.ts';
import { useSeed } from '../../../api/use-command.ts';
import { CallTabs } from '../../../calls/call-tabs.tsx';
import { writtenCli, writtenCurl, writtenMcp } from '../../../calls/written-calls.ts';
import { EffectBadge } from '../../../ui/badge.tsx';
import { Section } from '../../../ui/page-frame.tsx';
import { slugOf } from '../../commands/command-groups.ts';

export function AgentCommands({ commands }: { commands: readonly ManifestCommand[] }) {
  const changing = commands.filter(({ effect }) => effect !== 'read').length;
  const things = commands.length === 1 ? 'this command' : `these ${commands.length} commands`;
  const hint =
    changing === 0
      ? 'It can read, and change nothing.'
      : `${changing} of them ${changing === 1 ? 'changes' : 'change'} something.`;
  return (
    <Section title={`The agent may use ${things}`} hint={<span role="status">{hint}</span>}>
      <ul
        aria-label="Commands of the agent"
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
    </Section>
  );
}

interface SameCallProps {
  input: CommandInput<'tasks run'>;
  /** The names of the files that are sent along. */
  files: readonly string[];
}

/** What the button sends, written as the other ways to send it. */
export function SameCall({ input, files }: SameCallProps) {
  const { manifest } = useSeed();
  const command = manifest.commands.find(({ name }) => name === 'tasks run');
  if (!command) return null;
  const note = 'Over MCP the files go into “files”, each with its name and its content in base64.';
  return (
    <Section title="The same call">
      <CallTabs
        label="The same call as"
        initial="curl"
        cli={writtenCli(command, { ...input }, files)}
        curl={writtenCurl({ command, input: { ...input }, origin: window.location.origin, files })}
        mcp={writtenMcp(command, { ...input })}
        {...(files.length > 0 && { mcpNote: note })}
        wrapped
      />
    </Section>
  );
}
