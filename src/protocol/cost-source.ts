// Where the cost of a model's call is from, the most certain first. Free of dependencies for CLI and dashboard.
export const COST_SOURCES = [
  /** Nothing was served, and it cost nothing. */
  'none',
  /** The upstream said what it took. */
  'upstream',
  /** The price list, by the tokens that the upstream told. */
  'prices',
  /** The price list, by tokens that are estimated wholly or in part. */
  'estimated',
  /** Neither the upstream nor the price list says, and it counts as nothing. */
  'unknown',
] as const;
export type CostSource = (typeof COST_SOURCES)[number];

/** What is told of several calls together. */
export function leastCertain(...sources: readonly CostSource[]): CostSource {
  return COST_SOURCES[Math.max(0, ...sources.map((source) => COST_SOURCES.indexOf(source)))] ?? 'none';
}

/** What a reader of an amount should know; null: nothing. */
export function costNote(source: CostSource | undefined): string | null {
  if (source === 'estimated') return 'estimated in part';
  return source === 'unknown' ? 'in part of unknown price' : null;
}
