// The calls to copy, one kind at a time.
import type { ManifestCommand } from '../../../../src/protocol/manifest.ts';
import { CodeBlock } from '../../ui/code.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { cliCalls, curlCall, mcpCall } from './example-calls.ts';

export function ExampleCalls({ command }: { command: ManifestCommand }) {
  const mcp = mcpCall(command);
  return (
    <Tabs
      label="How to call it"
      tabs={[
        { name: 'CLI', content: <CodeBlock text={cliCalls(command)} label="Copy the command lines" /> },
        {
          name: 'curl',
          content: <CodeBlock text={curlCall(command, window.location.origin)} label="Copy the curl call" />,
        },
        {
          name: 'MCP',
          content:
            mcp === null ? (
              <p className="text-muted">It is not offered over MCP.</p>
            ) : (
              <CodeBlock text={mcp} label="Copy the MCP call" />
            ),
        },
      ]}
    />
  );
}
