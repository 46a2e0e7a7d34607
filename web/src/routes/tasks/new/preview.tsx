// What comes of the form: the commands that the agent will have, and what the button sends, written as the other ways to send it.
import { Link } from '@tanstack/react-router';
import type { ManifestCommand } from '../../../../../src/protocol/manifest.ts';
import type { CommandInput } from '../../../api/commands.ts';
import { useSeed } from '../../../api/use-command.ts';
import { writtenCli, writtenCurl, writtenMcp } from '../../../calls/written-calls.ts';
import { EffectBadge } from '../../../ui/badge.tsx';
import { CodeBlock } from '../../../ui/code.tsx';
import { Tabs } from '../../../ui/tabs.tsx';
import { slugOf } from '../../commands/command-groups.ts';

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

/** In a narrow column lines go on below instead of to the right. */
const WRAPPED =
  '[&_pre]:pr-0 [&_pre]:text-xs [&_pre]:leading-5 [&_pre]:wrap-anywhere [&_pre]:whitespace-pre-wrap';

interface SameCallProps {
  input: CommandInput<'tasks run'>;
  /** Names. */
  files: readonly string[];
}

/** What the button sends, written as the other ways to send it. */
export function SameCall({ input, files }: SameCallProps) {
  const { manifest } = useSeed();
  const command = manifest.commands.find(({ name }) => name === 'tasks run');
  if (!command) return null;
  const curl = writtenCurl(command, { ...input }, window.location.origin, files);
  const mcp = writtenMcp(command, { ...input }) ?? '';
  return (
    <section aria-labelledby="same-call" className="flex flex-col gap-2">
      <h2 id="same-call" className="font-medium">
        The same call
      </h2>
      <Tabs
        label="The same call as"
        tabs={[
          { name: 'curl', content: <CodeBlock text={curl} label="Copy the curl call" className={WRAPPED} /> },
          {
            name: 'CLI',
            content: (
              <CodeBlock
                text={writtenCli(command, { ...input }, files)}
                label="Copy the command line"
                className={WRAPPED}
              />
            ),
          },
          {
            name: 'MCP',
            content: (
              <>
                <CodeBlock text={mcp} label="Copy the MCP call" className={WRAPPED} />
                {files.length > 0 && (
                  <p className="mt-2 text-sm text-muted">
                    Over MCP the files go into <code className="font-mono">files</code>, each with its name
                    and its content in base64.
                  </p>
                )}
              </>
            ),
          },
        ]}
      />
    </section>
  );
}
