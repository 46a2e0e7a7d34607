// What the server tells its telemetry, from the few places where things happen.

import type { TaskChange } from '../../db/task-changes.ts';
import type { Effect } from '../../protocol/manifest.ts';
import type { ModelCall } from '../spending/call-usage.ts';

export type Observation =
  | { type: 'task'; change: TaskChange }
  | { type: 'model_call'; taskId: string; call: ModelCall }
  | { type: 'command'; call: CommandCall }
  | { type: 'records_lost'; record: LostRecord; count: number };

/** A command that was called, also one that was refused. */
export interface CommandCall {
  name: string;
  effect: Effect;
  /** Of a task key. */
  taskId: string | null;
  status: number;
  code: string | null;
  durationMs: number;
}

/** What should have been written down and could not be. */
export const LOST_RECORDS = ['audit', 'call', 'event', 'model_call'] as const;
export type LostRecord = (typeof LOST_RECORDS)[number];

/** Takes no time, keeps nobody waiting and does not throw. */
export type Observe = (observation: Observation) => void;
