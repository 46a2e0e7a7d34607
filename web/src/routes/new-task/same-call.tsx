// What the button sends, written as the other ways to send it.

import type { CommandInput } from '../../api/commands.ts';
import { useSeed } from '../../api/seed-context.ts';
import { writtenCli, writtenCurl, writtenMcp } from '../../calls/written-calls.ts';
import { CodeBlock } from '../../ui/code.tsx';
import { Tabs } from '../../ui/tabs.tsx';

/** In a narrow column lines go on below instead of to the right. */
const WRAPPED =
  '[&_pre]:pr-0 [&_pre]:text-xs [&_pre]:leading-5 [&_pre]:wrap-anywhere [&_pre]:whitespace-pre-wrap';

interface SameCallProps {
  input: CommandInput<'tasks run'>;
  /** Names. */
  files: readonly string[];
}

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
