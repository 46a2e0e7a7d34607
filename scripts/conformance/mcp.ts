// Parts `mcp-suites` and `mcp-clients`: the official suite of MCP, and clients as they are.
import { testPart } from './test-part.ts';

export const mcpSuites = testPart(
  'mcp-suites',
  "MCP's official conformance suite, every revision that Seed serves: all scenarios that apply",
  'test/integration/mcp-conformance.test.ts',
);

export const mcpClients = testPart(
  'mcp-clients',
  'official MCP clients of TypeScript, Python and Go, and the inspector, over Streamable HTTP and stdio',
  'test/integration/mcp-clients.test.ts',
  'test/integration/mcp-inspector.test.ts',
);
