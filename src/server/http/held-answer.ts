// When a command has to give up. Goes with what still takes it.
export interface HeldAnswer {
  gone: AbortSignal;
  signal: AbortSignal;
}
