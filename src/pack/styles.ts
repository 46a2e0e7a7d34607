// A value as OpenAPI's styles write it in a path, a query, a header, a cookie or a form (3.1, section 4.8.12; RFC
// 6570). What a style cannot say so that it can be read again is refused: nothing arrives as something else. Pure.
import { isMany } from '../lib/exact-json.ts';
import type { Place } from '../openapi/operation.ts';
import { SeedError } from '../protocol/errors.ts';

/** Where a value goes, with the platform's name for it. */
export type Spot = Pick<Place, 'form' | 'reserved'> & { name: string };

type Pair = [name: string, value: string];

/** @returns `name=value`, encoded. @throws SeedError invalid_input */
export function queryPairs(spot: Spot, value: unknown): string[] {
  const { reserved = false } = spot;
  return pairsOf(spot, value, (text) => encoded(text, reserved ? RESERVED_IN_QUERY : null)).map(
    ([name, text]) => `${encodeURIComponent(name)}=${text}`,
  );
}

/** @returns names with values as they stand in the header `Cookie`. @throws SeedError invalid_input */
export function cookiePairs(spot: Spot, value: unknown): string[] {
  const text = spot.reserved ? (given: string) => cookieText(spot.name, given) : (given: string) => encoded(given);
  return pairsOf(spot, value, text).map(([name, each]) => {
    if (/^[!#$%&'*+.^_`|~\w-]+$/.test(name)) return `${name}=${each}`;
    throw cannot(spot.name, `"${name}" can be no cookie's name`);
  });
}

function cookieText(name: string, text: string): string {
  // RFC 6265, section 4.1.1, and the comma of lists.
  if (/^[\x21\x23-\x3a\x3c-\x5b\x5d-\x7e]*$/.test(text)) return text;
  throw cannot(name, 'a cookie takes ASCII without spaces, quotation marks, semicolons and backslashes');
}

function pairsOf(spot: Spot, value: unknown, write: (text: string) => string): Pair[] {
  const { name, form } = spot;
  if (form === 'json') return [[name, write(JSON.stringify(value))]];
  if (value === null) return [];
  if (!isMany(value)) return [[name, write(textOf(value))]];
  if (form === 'brackets') return bracketPairs(name, value, write, name);
  if (form === 'repeated' && !Array.isArray(value))
    return membersOf(name, value).map(([key, inner]) => [key, write(textOf(inner))]);
  if (form === undefined && !Array.isArray(value)) return [[name, write(textOf(value))]];
  if (form === undefined || form === 'repeated')
    return itemsOf(name, value as unknown[]).map((item) => [name, write(textOf(item))]);
  const parts = flatOf(name, value).map(textOf);
  if (form === 'commas') return [[name, parts.map(write).join(',')]];
  const separator = form === 'spaces' ? ' ' : '|';
  for (const part of parts) {
    if (part.includes(separator))
      throw cannot(name, `its items are separated by ${form}, so none can have one: ${JSON.stringify(part)}`);
  }
  return [[name, parts.map(write).join(encodeURIComponent(separator))]];
}

/** `a[b]=1`; lists of scalars as `a[]=1`, others as `a[0][b]=1`, as Rack, PHP and qs read them. */
function bracketPairs(path: string, value: unknown, write: (text: string) => string, spot: string): Pair[] {
  if (value === null)
    throw cannot(
      spot,
      `"${path}" cannot be null here`,
      'Leave it out, or give an empty text where that unsets it.',
    );
  if (!isMany(value)) return [[path, write(textOf(value))]];
  if (Array.isArray(value)) {
    const items = itemsOf(spot, value, path);
    const isFlat = !items.some(isMany);
    return items.flatMap((item, index) => bracketPairs(`${path}[${isFlat ? '' : index}]`, item, write, spot));
  }
  return membersOf(spot, value, path).flatMap(([key, inner]) => {
    if (key === '' || /[[\]]/.test(key))
      throw cannot(spot, `a field cannot be called ${JSON.stringify(key)} here`);
    return bracketPairs(`${path}[${key}]`, inner, write, spot);
  });
}

/** @returns what stands in the path, encoded. @throws SeedError invalid_input */
export function pathText(spot: Spot, value: unknown): string {
  const { name, form, reserved = false } = spot;
  const write = (given: unknown) => encoded(textOf(given), reserved ? RESERVED_IN_PATH : null);
  if (form === 'json') return encoded(JSON.stringify(value));
  const isList = Array.isArray(value);
  const key = encodeURIComponent(name);
  if (!isMany(value)) {
    if (form === 'label' || form === 'labels') return `.${write(value)}`;
    const text = write(value);
    // RFC 6570, section 3.2.7: without a value no equals sign.
    return form === 'matrix' || form === 'matrices' ? `;${key}${text === '' ? '' : `=${text}`}` : text;
  }
  const paired = () =>
    membersOf(name, value).map(([each, inner]) => `${encodeURIComponent(each)}=${write(inner)}`);
  if (form === 'matrices')
    return (isList ? itemsOf(name, value).map((item) => `${key}=${write(item)}`) : paired())
      .map((one) => `;${one}`)
      .join('');
  if (form === 'labels') {
    const parts = isList ? itemsOf(name, value).map(write) : paired();
    const dotted = parts.find((part) => part.includes('.'));
    // A dot is never encoded, so nobody could tell it from the one between them.
    if (dotted !== undefined && parts.length > 0)
      throw cannot(name, `its items are separated by dots, so none can have one: ${JSON.stringify(dotted)}`);
    return parts.map((part) => `.${part}`).join('');
  }
  const parts = form === 'pairs' && !isList ? paired() : flatOf(name, value).map(write);
  const text = parts.join(',');
  if (form === 'label') return `.${text}`;
  return form === 'matrix' ? `;${key}=${text}` : text;
}

/** @returns the value of a header. @throws SeedError invalid_input */
export function headerText({ name, form }: Spot, value: unknown): string {
  const text = form === 'json' ? asciiJson(value) : isMany(value) ? listText(name, form, value) : textOf(value);
  if (!/^[\t\x20-\x7e]*$/.test(text))
    throw new SeedError('invalid_input', `"${name}" goes into a header, which takes ASCII text of one line`);
  // HTTP takes it away (RFC 9110, section 5.5).
  if (text !== text.trim()) throw cannot(name, 'a header neither begins nor ends with a space');
  return text;
}

function listText(name: string, form: Spot['form'], value: object): string {
  if (form === 'pairs' && !Array.isArray(value)) {
    return membersOf(name, value)
      .map(([key, inner]) => `${unseparated(name, key, /[,=]/)}=${unseparated(name, textOf(inner), /,/)}`)
      .join(',');
  }
  const parts = flatOf(name, value).map((part) => unseparated(name, textOf(part), /,/));
  return parts.join(',');
}

/** In a header nothing is encoded. */
function unseparated(name: string, text: string, separator: RegExp): string {
  if (!separator.test(text) && text === text.trim()) return text;
  throw cannot(name, `its items are separated by commas, so none can have one: ${JSON.stringify(text)}`);
}

const asciiJson = (value: unknown) =>
  JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** Those of RFC 3986, section 2.2, that mean nothing where they then stand. */
const RESERVED_IN_QUERY = /[:/?@!$'()*,;=]/;
const RESERVED_IN_PATH = /[:/@!$&'()*+,;=]/;

function encoded(text: string, reserved: RegExp | null = null): string {
  if (reserved !== null)
    return [...text].map((char) => (reserved.test(char) ? char : encodeURIComponent(char))).join('');
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Numbers with all their digits. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

function itemsOf(spot: string, value: object, path = spot): unknown[] {
  const items = value as unknown[];
  if (items.length === 0)
    throw cannot(spot, `an empty list cannot be written${path === spot ? '' : ` at "${path}"`}`);
  if (items.includes(null)) throw cannot(spot, 'null cannot be written in a list');
  return items;
}

function membersOf(spot: string, value: object, path = spot): [string, unknown][] {
  const members = Object.entries(value);
  if (members.length === 0)
    throw cannot(spot, `an object without fields cannot be written${path === spot ? '' : ` at "${path}"`}`);
  const empty = members.find(([, inner]) => inner === null);
  if (empty) throw cannot(spot, `the field "${empty[0]}" cannot be null here`, 'Leave it out.');
  return members;
}

/** Of an object keys and values by turns. */
const flatOf = (name: string, value: object): unknown[] =>
  Array.isArray(value) ? itemsOf(name, value) : membersOf(name, value).flat();

function cannot(name: string, why: string, hint = 'Leave it out, or give what can be written there.'): SeedError {
  return new SeedError('invalid_input', `"${name}": ${why}`, { hint });
}
