// Labels as lines of a text: `name=value`.

export function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n');
}

export function labelsOf(text: string): Record<string, string> {
  return Object.fromEntries(
    linesOf(text).map((line) => {
      const equals = line.indexOf('=');
      return [line.slice(0, equals).trim(), line.slice(equals + 1).trim()];
    }),
  );
}

/** Null: it can be read. */
export function labelsProblem(text: string): string | null {
  const wrong = linesOf(text).find((line) => line.indexOf('=') < 1);
  return wrong === undefined ? null : `“${wrong}” is not name=value.`;
}

function linesOf(text: string): string[] {
  return text.split('\n').flatMap((line) => line.trim() || []);
}
