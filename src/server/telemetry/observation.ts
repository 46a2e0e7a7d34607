// What the server tells its telemetry, from the few places where things happen, and what telemetry is opened with.
import type { TaskChange } from '../../db/task-changes.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/log.ts';
import type { Effect } from '../../protocol/manifest.ts';
import type { ModelCall } from '../spending/call-usage.ts';
import type { TelemetrySettings } from './settings.ts';

export type Observation =
  | { type: 'task'; change: TaskChange }
  | { type: 'model_call'; taskId: string; call: ModelCall }
  | { type: 'command'; call: CommandCall }
  | { type: 'records_lost'; record: LostRecord; count: number };

/** A command that was called, also one that was refused. */
export interface CommandCall {
  name: string;
  effect: Effect;
  /** The task whose key made the call; null for other keys. */
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

export interface TelemetryParts {
  settings: TelemetrySettings;
  version: string;
  log: Logger;
  /** The models that are configured: only these are told apart in metrics. */
  models(): Iterable<string>;
  /** Those that failed and have not answered since. */
  ailingModels(): string[];
  /** Who serves a model, as the GenAI conventions name it. */
  providerOf(model: string): string;
  clock: Clock;
}
