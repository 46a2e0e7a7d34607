// What JSON Schema has for fields that exclude one another, beside the rules that refuse them: for those who make
// inputs from schemas.

/** Exactly one of the fields is given. */
export function oneOfFields(...names: readonly string[]): Record<string, unknown> {
  const [first = '', ...rest] = names;
  const has = { properties: { [first]: {} }, required: [first] };
  if (rest.length === 0) return has;
  const others = Object.fromEntries(rest.map((name) => [name, false]));
  // biome-ignore lint/suspicious/noThenProperty: a word of JSON Schema
  return { if: has, then: { properties: others }, else: oneOfFields(...rest) };
}

/** At most one of both is given. */
export const notBoth = (one: string, other: string) => ({
  not: { properties: { [one]: {}, [other]: {} }, required: [one, other] },
});

/** Some character of it is no space. */
export const NOT_BLANK = { not: { pattern: '^\\s*$' } };

/** Some other field than these is given. */
export const moreThan = (...names: readonly string[]) => ({
  not: { properties: Object.fromEntries(names.map((name) => [name, {}])), additionalProperties: false },
});
