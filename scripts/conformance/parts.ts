// The parts of `npm run conformance`, in their order.
import { lint } from './lint.ts';
import type { ConformancePart } from './part.ts';

export const PARTS: readonly ConformancePart[] = [lint];
