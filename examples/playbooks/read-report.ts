// Reads a report of `seed obs …`: saved to a file first and then read in parts, because the agent shows no
// long output whole. Used by the playbooks.
import { parseOutput, reasonOf, type Steps, z } from 'seed/pack';

/** So many groups with the longest names are shown whole. */
const GROUPS_AT_ONCE = 50;

interface Report<Group, Totals> {
  items: Group[];
  totals: Totals;
  cut: number;
  missingBefore: string | null;
}

/**
 * @param name `costs`
 * @param flags of the command
 */
export function* readReport<Group, Totals>(
  name: string,
  flags: string,
  schemas: { group: z.ZodType<Group>; totals: z.ZodType<Totals> },
): Steps<Report<Group, Totals> | { trouble: string }> {
  const file = `${name}.json`;
  const Head = z.object({
    items: z.int().nonnegative(),
    totals: schemas.totals,
    cut: z.int().nonnegative(),
    missingBefore: z.iso.datetime().nullable(),
  });
  const Part = z.object({ items: z.array(schemas.group).min(1) });
  const malformed = { trouble: `the answer of \`seed obs ${name}\` is not such a report` };

  const saved = yield `seed obs ${name} ${flags} --json > ${file} && jq -c '.items |= length' ${file}`;
  if (saved.failed) return { trouble: reasonOf(saved) };
  const head = parseOutput(Head, saved);
  if (head === null) return malformed;
  const items: Group[] = [];
  while (items.length < head.items) {
    const end = items.length + GROUPS_AT_ONCE;
    const result = yield `jq -c '{items: .items[${items.length}:${end}]}' ${file}`;
    const part = result.failed ? null : parseOutput(Part, result);
    if (part === null) return malformed;
    items.push(...part.items);
  }
  return { ...head, items };
}
