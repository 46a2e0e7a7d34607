// A call to copy, written in each of the ways to send it, one at a time.
import { CodeBlock } from '../ui/code.tsx';
import { Tabs } from '../ui/tabs.tsx';

interface CallTabsProps {
  label: string;
  cli: string;
  curl: string;
  /** Null where it is not offered over MCP. */
  mcp: string | null;
  /** What else there is to know of the call over MCP. */
  mcpNote?: string;
  /** Which one is shown first. */
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
  return <Tabs label={label} tabs={tabs} initial={initial} />;
}
