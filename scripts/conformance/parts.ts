// The parts of `npm run conformance`, in their order.
import { lint } from './lint.ts';
import { mcpClients, mcpSuites } from './mcp.ts';
import type { ConformancePart } from './part.ts';

export const PARTS: readonly ConformancePart[] = [lint, mcpSuites, mcpClients];
