// "Did you mean": the closest of some names to what was typed.

/** Levenshtein distance, two neighbouring letters swapped counting as one (optimal string alignment). */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** The closest name, or undefined when none is close enough to be meant. */
export function closest(typed: string, names: readonly string[]): string | undefined {
  const allowed = typed.length < 4 ? 1 : Math.max(2, Math.floor(typed.length / 3));
  const ranked = names
    .map((name) => ({ name, cost: distance(typed.slice(0, 64), name) }))
    .sort((a, b) => a.cost - b.cost);
  const best = ranked[0];
  if (best && best.cost <= allowed) return best.name;
  return typed.length >= 2 ? names.find((name) => name.startsWith(typed)) : undefined;
}
