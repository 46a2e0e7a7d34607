// Names with `*` in them, which stands for any characters: those of models in the files that tell of models.

/** @returns whether a name fits, whatever its case */
export function namePattern(pattern: string): (name: string) => boolean {
  const parts = pattern.toLowerCase().split('*');
  const first = parts[0] ?? '';
  if (parts.length === 1) return (name) => name.toLowerCase() === first;
  const last = parts.at(-1) ?? '';
  const between = parts.slice(1, -1);
  // Part after part rather than as a regular expression: no pattern makes it slow.
  return (text) => {
    const name = text.toLowerCase();
    if (!name.startsWith(first) || !name.endsWith(last)) return false;
    let at = first.length;
    for (const part of between) {
      const found = name.indexOf(part, at);
      if (found === -1) return false;
      at = found + part.length;
    }
    return at + last.length <= name.length;
  };
}
