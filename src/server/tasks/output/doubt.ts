// What makes an answer that fits its schema look as if there were none in it yet: models fill in a form with
// placeholders when they are called for it too early. The agent is asked once; what it then gives again stands.
// Used by judge.ts.
import { isRecord } from '../../../lib/json.ts';

/** A whole text, and nothing else in it. */
const PLACEHOLDER =
  /^\W*(?:to[ -]?do|tbd|fix ?me|place ?holder|lorem ipsum\b.*|string|(?:to be|will be) (?:determined|filled(?: in)?|provided))\W*$|^\s*(?:\.{3,}|…|<[^<>]{1,60}>|\{\{[^{}]{1,60}\}\}|_{3,}|x{3,})\s*$/i;

/** @returns null: nothing does. @param value what fits the schema */
export function doubtOf(value: unknown, schema: Record<string, unknown>): string | null {
  const fields = isRecord(schema['properties']) ? Object.keys(schema['properties']) : [];
  if (isRecord(value) && Object.keys(value).length === 0 && fields.length > 0) return 'it has none of the fields';
  const choices = textsIn(schema, new Set());
  const found = firstText(value, '', (text) => PLACEHOLDER.test(text) && !choices.has(text));
  return found === null ? null : `${found.path} is ${JSON.stringify(found.text)}, which looks like a placeholder`;
}

interface Found {
  path: string;
  text: string;
}

function firstText(value: unknown, path: string, isIt: (text: string) => boolean): Found | null {
  if (typeof value === 'string') return isIt(value) ? { path: path || 'the answer', text: value } : null;
  if (typeof value !== 'object' || value === null) return null;
  for (const [name, inner] of Object.entries(value)) {
    const found = firstText(inner, `${path}/${name}`, isIt);
    if (found !== null) return found;
  }
  return null;
}

/** All that the schema itself says, among it what it offers to choose from. */
function textsIn(value: unknown, texts: Set<string>): Set<string> {
  if (typeof value === 'string') texts.add(value);
  else if (typeof value === 'object' && value !== null)
    for (const one of Object.values(value)) textsIn(one, texts);
  return texts;
}
