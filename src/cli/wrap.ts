// Fits a help text into the width of a terminal. Used by run.ts.

/** Wraps long lines at spaces; what follows stands under the line's last column of text. Examples stay whole. */
export function wrapHelp(text: string, width: number): string {
  return text
    .split('\n')
    .flatMap((line) => wrapLine(line, width))
    .join('\n');
}

function wrapLine(line: string, width: number): string[] {
  if (line.length <= width || line.startsWith('  seed ')) return [line];
  const indent = /^ +\S.*? {2,}|^ */.exec(line)?.[0].length ?? 0;
  // Too narrow for two columns: the terminal may wrap as it likes.
  if (indent > width / 2) return [line];
  const lines: string[] = [];
  let current = line.slice(0, indent);
  let isEmpty = true;
  for (const word of line.slice(indent).split(' ')) {
    if (!isEmpty && current.length + 1 + word.length > width) {
      lines.push(current);
      current = ' '.repeat(indent);
      isEmpty = true;
    }
    current += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, current];
}
