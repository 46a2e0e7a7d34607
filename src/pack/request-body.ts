// The body of a request to the platform, in the media type that its operation sends: JSON, a form, parts with
// files, or all of it as it is. Pure. Used by platform-request.ts.
import { randomUUID } from 'node:crypto';
import { MARKED_TYPE } from '../openapi/media-types.ts';
import type { Operation, Place } from '../openapi/operation.ts';
import { SeedError } from '../protocol/errors.ts';
import { queryPairs, type Spot, textOf } from './styles.ts';

export type Input = Record<string, unknown>;

export interface RequestBody {
  type: string;
  content: string | Buffer;
}

interface Given extends Spot {
  value: unknown;
  type?: string;
}

/** The inputs that are given and go there, with the platform's names. */
export function givenIn({ places }: Operation, input: Input, where: Place['in']): Given[] {
  return Object.entries(places)
    .filter(([name, place]) => place.in === where && input[name] !== undefined)
    .map(([name, { in: _, ...place }]) => ({ ...place, name: place.name ?? name, value: input[name] }));
}

/** Null: it has none. @throws SeedError invalid_input */
export function requestBody(operation: Operation, input: Input): RequestBody | null {
  const { sends, places, method } = operation;
  if (sends === undefined) return null;
  const [choice] = givenIn(operation, input, 'content type');
  const type = choice === undefined ? sends : String(choice.value);
  const [whole] = givenIn(operation, input, 'whole body');
  if (whole?.form === 'file') return fileBody(whole.value, type);
  if (whole?.form === 'lines') return linesBody(whole.value, type);
  const isJson = /json/i.test(type);
  if (whole) return { type, content: isJson ? JSON.stringify(whole.value) : textOf(whole.value) };
  const fields = givenIn(operation, input, 'body');
  const [more] = givenIn(operation, input, 'body fields');
  const others = Object.entries((more?.value ?? {}) as object);
  const takesFields = Object.values(places).some((place) => place.in === 'body' || place.in === 'body fields');
  const isEmpty = fields.length === 0 && more === undefined;
  if (isEmpty && (!takesFields || ['GET', 'HEAD', 'DELETE'].includes(method))) return null;
  refuseClash(operation, others);
  const all: Given[] = [
    ...fields,
    ...others.map(([name, value]): Given => ({ name, value, ...(more?.form && { form: more.form }) })),
  ];
  if (isJson) {
    const own = fields.map(({ name, value }) => [name, value] as const);
    return { type, content: JSON.stringify(Object.fromEntries([...others, ...own])) };
  }
  if (/^multipart\//i.test(type)) return multipart(all);
  return { type, content: all.flatMap(({ value, ...spot }) => queryPairs(spot, value)).join('&') };
}

/** @throws SeedError invalid_input: a field without a name is one that has one */
function refuseClash({ places }: Operation, others: readonly [string, unknown][]): void {
  const named = Object.entries(places).flatMap(([name, place]) =>
    place.in === 'body' ? [place.name ?? name] : [],
  );
  const clash = others.find(([name]) => named.includes(name));
  if (clash) throw new SeedError('invalid_input', `fields: "${clash[0]}" is an input of its own`);
}

interface GivenFile {
  name?: string;
  content: string;
  type?: string;
}

const MEDIA_TYPE =
  /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(\s*;\s*[\w!#$&^.+-]+=("[\x20-\x21\x23-\x5b\x5d-\x7e]*"|[\w!#$&^.+-]+))*$/;

function bytesOf({ content }: GivenFile, what: string): Buffer {
  const bytes = Buffer.from(content, 'base64');
  // Node reads what it can of anything.
  if (bytes.toString('base64').replace(/=+$/, '') === content.replace(/=+$/, '')) return bytes;
  throw new SeedError('invalid_input', `${what}: its content is not base64`);
}

function typeOf({ type }: GivenFile, told: string | undefined, what: string): string {
  const chosen = type ?? (told !== undefined && /^[^*,]+$/.test(told) ? told : 'application/octet-stream');
  if (MEDIA_TYPE.test(chosen)) return chosen;
  throw new SeedError('invalid_input', `${what}: ${JSON.stringify(chosen)} is no media type`);
}

function fileBody(value: unknown, sends: string): RequestBody {
  const file = value as GivenFile;
  return { type: typeOf(file, sends, 'body'), content: bytesOf(file, 'body') };
}

/** Each item in a line of its own. */
function linesBody(value: unknown, type: string): RequestBody {
  const mark = MARKED_TYPE.test(type) ? '\u001e' : '';
  return { type, content: (value as unknown[]).map((item) => `${mark}${JSON.stringify(item)}\n`).join('') };
}

/** RFC 7578. */
function multipart(fields: readonly Given[]): RequestBody {
  const boundary = `seed-${randomUUID()}`;
  const parts = fields.flatMap(partsOf);
  const chunks = parts.flatMap(({ head, content }) => [
    Buffer.from(`--${boundary}\r\n${head}\r\n\r\n`),
    content,
    Buffer.from('\r\n'),
  ]);
  const content = Buffer.concat([...chunks, Buffer.from(`--${boundary}--\r\n`)]);
  return { type: `multipart/form-data; boundary=${boundary}`, content };
}

interface Part {
  head: string;
  content: Buffer;
}

function partsOf({ name, form, type, value }: Given): Part[] {
  const disposition = `Content-Disposition: form-data; name="${quoted(name)}"`;
  const part = (given: string | Buffer, told: string | undefined, more = ''): Part => ({
    head: `${disposition}${more}${told === undefined ? '' : `\r\nContent-Type: ${told}`}`,
    content: Buffer.from(given as string),
  });
  if (form === 'file') {
    return [value].flat().map((each) => {
      const file = each as GivenFile;
      return part(bytesOf(file, name), typeOf(file, type, name), `; filename="${quoted(file.name ?? name)}"`);
    });
  }
  if (form === 'json') return [part(JSON.stringify(value), type ?? 'application/json')];
  if (Array.isArray(value) && value.length === 0)
    throw new SeedError('invalid_input', `"${name}": an empty list cannot be written here`, {
      hint: 'Leave it out.',
    });
  return [value]
    .flat()
    .map((each) => part(textOf(each), type ?? (typeof each === 'object' ? 'application/json' : undefined)));
}

/** As browsers write it there (WHATWG HTML, multipart form data). */
const quoted = (name: string) =>
  name.replace(/["\r\n]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
