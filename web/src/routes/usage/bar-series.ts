// What a chart of stacked bars shows. Free of the library that draws it.

export interface BarSeries {
  name: string;
  /** A colour of the theme. */
  tone: 'accent' | 'info' | 'bad';
  values: readonly number[];
}

/** The upper edge of each part of the bars, from the ground up. */
export function stack(series: readonly BarSeries[]): number[][] {
  const edges: number[][] = [];
  for (const { values } of series) {
    const below = edges.at(-1);
    edges.push(values.map((value, day) => value + (below?.[day] ?? 0)));
  }
  return edges;
}

const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });

/** `2026-11-24` → `24 Nov` */
export function dayName(day: string): string {
  return DAY.format(new Date(day));
}
