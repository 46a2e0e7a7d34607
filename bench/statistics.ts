// Medians and percentiles of measured times.

export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** By the nearest rank: always one of the values. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

export function round(value: number, digits = 1): number {
  return Number(value.toFixed(digits));
}
