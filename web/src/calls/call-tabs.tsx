// A call to copy, written in each of the ways to send it, one at a time.
import { CodeBlock } from '../ui/code.tsx';
import { Tabs } from '../ui/tabs.tsx';

interface CallTabsProps {
  label: string;
  cli: string;
  curl: string;
  /** Null: it is not offered over MCP. */
  mcp: string | null;
  /** What else there is to know of the call over MCP. */
  mcpNote?: string;
  /** Long lines go on below instead of to the right: for narrow columns. */
  wrapped?: boolean;
}

const WRAPPED =
  '[&_pre]:pr-0 [&_pre]:text-xs [&_pre]:leading-5 [&_pre]:wrap-anywhere [&_pre]:whitespace-pre-wrap';

export function CallTabs({ label, cli, curl, mcp, mcpNote, wrapped = false }: CallTabsProps) {
  const className = wrapped ? WRAPPED : '';
  return (
    <Tabs
      label={label}
      tabs={[
        {
          name: 'CLI',
          content: <CodeBlock text={cli} label="Copy the command line" className={className} />,
        },
        { name: 'curl', content: <CodeBlock text={curl} label="Copy the curl call" className={className} /> },
        {
          name: 'MCP',
          content: (
            <>
              {mcp !== null && <CodeBlock text={mcp} label="Copy the MCP call" className={className} />}
              {mcpNote && <p className="mt-2 text-sm text-muted">{mcpNote}</p>}
              {mcp === null && <p className="text-muted">It is not offered over MCP.</p>}
            </>
          ),
        },
      ]}
    />
  );
}
