// The parts of `npm run conformance`, in their order.
import { lint } from './lint.ts';
import { mcpClients, mcpSuites } from './mcp.ts';
import type { ConformancePart } from './part.ts';
import { schemathesis } from './schemathesis.ts';

export const PARTS: readonly ConformancePart[] = [lint, schemathesis, mcpSuites, mcpClients];
