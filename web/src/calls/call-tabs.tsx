// A call to copy, written in each of the ways to send it, one at a time, in tabs on Radix.
import { Tabs } from 'radix-ui';
import { CodeBlock } from '../ui/code.tsx';

interface CallTabsProps {
  label: string;
  cli: string;
  curl: string;
  /** Null where it is not offered over MCP. */
  mcp: string | null;
  mcpNote?: string;
  initial?: 'CLI' | 'curl' | 'MCP';
  /** Long lines go on below instead of to the right: for narrow columns. */
  wrapped?: boolean;
}

const WRAPPED = '[&_pre]:pr-0 [&_pre]:text-xs [&_pre]:leading-5 [&_pre]:wrap-anywhere [&_pre]:whitespace-pre-wrap';

export function CallTabs({ label, cli, curl, mcp, mcpNote, initial = 'CLI', wrapped = false }: CallTabsProps) {
  const block = (text: string, what: string) => (
    <CodeBlock text={text} label={`Copy the ${what}`} {...(wrapped && { className: WRAPPED })} />
  );
  const tabs = [
    { name: 'CLI', content: block(cli, 'command line') },
    { name: 'curl', content: block(curl, 'curl call') },
    {
      name: 'MCP',
      content: (
        <>
          {mcp === null ? <p className="text-muted">It is not offered over MCP.</p> : block(mcp, 'MCP call')}
          {mcpNote && <p className="mt-2 text-sm text-muted">{mcpNote}</p>}
        </>
      ),
    },
  ];
  return (
    <Tabs.Root defaultValue={initial} className="flex flex-col gap-3">
      <Tabs.List aria-label={label} className="flex w-fit gap-0.5 rounded-lg border border-line bg-sunken p-0.5">
        {tabs.map(({ name }) => (
          <Tabs.Trigger
            key={name}
            value={name}
            className="h-7 rounded-md px-3 font-medium text-muted hover:text-ink data-[state=active]:bg-surface data-[state=active]:text-ink data-[state=active]:shadow-xs"
          >
            {name}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      {tabs.map(({ name, content }) => (
        <Tabs.Content key={name} value={name}>
          {content}
        </Tabs.Content>
      ))}
    </Tabs.Root>
  );
}
