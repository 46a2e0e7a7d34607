// An operation's body as inputs (its fields, or all of it as one), and its answer. Used by map-document.ts.
import { isRecord } from '../lib/json.ts';
import type { JsonSchema } from '../protocol/manifest.ts';
import type { Node, Resolve } from './document.ts';
import { type Field, fieldsIn } from './fields.ts';
import type { Taken } from './input-names.ts';
import { FORM_TYPE, isJsonType, LINES_TYPE, MULTIPART_TYPE, TEXT_TYPE } from './media-types.ts';
import type { Form, Operation, Place } from './operation.ts';
import { formOf, neverNull, shapesOf } from './parameters.ts';
import type { Schemas } from './schema.ts';
import { isExact, plainOf, shown, typesIn } from './schema-views.ts';

interface Body {
  taken: Taken[];
  /** What of it cannot be given. */
  leftOut: string[];
  /** Its media type; null: it takes none. */
  sends: string | null;
  /** The platform's names of the fields that it must have once it is given; none where it must be given. */
  together: string[];
}

interface Reading {
  resolve: Resolve;
  schemas: Schemas;
}

const NO_BODY: Body = { taken: [], leftOut: [], sends: null, together: [] };

/** A file as it is given: its bytes as base64, and what it is called where that counts. */
const FILE: JsonSchema = {
  type: 'object',
  properties: {
    name: { type: 'string', description: 'What it is called' },
    content: { type: 'string', contentEncoding: 'base64', description: 'Its bytes as base64' },
    type: { type: 'string', description: 'Its media type' },
  },
  required: ['content'],
};

/** @returns the body, or why it cannot be sent */
export function readBody({ resolve, schemas }: Reading, operation: Node): Body | string {
  if (operation['requestBody'] === undefined) return NO_BODY;
  const body = resolve(operation['requestBody']);
  if (body === null) return 'its body is described outside the document';
  const content = isRecord(body['content']) ? body['content'] : {};
  const types = Object.keys(content);
  const sends = chosenType(types);
  const isRequired = body['required'] === true;
  if (sends === undefined) return isRequired ? 'its body is of no type' : NO_BODY;
  const media = resolve(content[sends]) ?? {};
  const full = schemas.read(media['schema'] ?? {});
  const reading = { schemas, full, isRequired, encoding: isRecord(media['encoding']) ? media['encoding'] : {} };
  if (isJsonType(sends)) return jsonBody(reading, types);
  if (LINES_TYPE.test(sends)) return wholeBody({ ...reading, full: linesOf(schemas, media) }, sends, 'lines');
  if (FORM_TYPE.test(sends)) return fieldsBody(reading, 'application/x-www-form-urlencoded');
  if (MULTIPART_TYPE.test(sends)) {
    const isSequence = ['itemSchema', 'itemEncoding', 'prefixEncoding'].some((word) => media[word] !== undefined);
    if (isSequence) return `its body is ${sends}, described part by part`;
    const read = fieldsBody(reading, 'multipart/form-data');
    return /^multipart\/form-data\b/i.test(sends) ? read : `its body is ${sends}`;
  }
  return wholeBody(reading, sends, TEXT_TYPE.test(sends) ? undefined : 'file');
}

/** A list of what its lines are: by its `itemSchema`, or as before that by a schema of each or of all. */
function linesOf(schemas: Schemas, media: Node): JsonSchema {
  const said = schemas.read(media['itemSchema'] ?? media['schema'] ?? {});
  const node = plainOf(said, schemas.definitions);
  const isAll = media['itemSchema'] === undefined && typesIn(node).includes('array');
  return isAll ? said : { type: 'array', items: said };
}

/** JSON before forms, forms before what can only be given whole. */
function chosenType(types: readonly string[]): string | undefined {
  const kinds = [
    isJsonType,
    ...[FORM_TYPE, MULTIPART_TYPE, LINES_TYPE, TEXT_TYPE].map((kind) => kind.test.bind(kind)),
  ];
  const found = kinds.map((isOne) => types.find((type) => isOne(type)));
  return found.find((type) => type !== undefined) ?? types[0];
}

interface ReadBody {
  schemas: Schemas;
  full: JsonSchema;
  isRequired: boolean;
  encoding: Node;
}

function jsonBody(read: ReadBody, types: readonly string[]): Body {
  const kinds = types.filter((type) => isJsonType(type) && type !== '*/*');
  const sends = kinds[0] ?? 'application/json';
  const body = fieldsOf(read) === null ? wholeBody(read, sends) : fieldsBody(read, sends);
  if (kinds.length < 2) return body;
  const schema: JsonSchema = {
    type: 'string',
    enum: kinds,
    description: `Media type of the body (default ${sends})`,
  };
  const choice: Taken = { place: { in: 'content type', name: 'contentType' }, schema, required: false };
  return { ...body, taken: [...body.taken, choice] };
}

/** Null: it is no object with fields. */
function fieldsOf({ schemas, full }: ReadBody): Field[] | null {
  const node = plainOf(full, schemas.definitions);
  const types = typesIn(node);
  const isObject = types.length === 0 ? node.properties !== undefined : types.join() === 'object';
  const fields = fieldsIn(node, schemas.definitions, 'readOnly');
  return isObject && fields.length > 0 ? fields : null;
}

function fieldsBody(read: ReadBody, sends: string): Body {
  const { schemas, full, isRequired } = read;
  const node = plainOf(full, schemas.definitions);
  const members = fieldsOf(read) ?? [];
  const required = members.flatMap((field) => (field.isRequired ? field.name : []));
  const taken = members.map((field): Taken => {
    const { schema, ...rest } = fieldOf(read, field, sends);
    return { ...rest, schema: withNote(schema, field.note), required: isRequired && field.isRequired };
  });
  const more = node['additionalProperties'];
  // Of a form that names no fields anything may be one.
  const isOpen = more === true || isRecord(more) || (members.length === 0 && !/json/.test(sends));
  if (isOpen) taken.push(moreFields(read, isRecord(more) ? more : {}, sends, isRequired && members.length === 0));
  return { sends, leftOut: [], taken, together: isRequired ? [] : required };
}

function withNote(schema: JsonSchema, note: string): JsonSchema {
  if (note === '') return schema;
  const { description, ...rest } = schema;
  return {
    description: description ? `${description} (${note.charAt(0).toLowerCase()}${note.slice(1)})` : note,
    ...rest,
  };
}

function moreFields({ schemas }: ReadBody, values: JsonSchema, sends: string, required: boolean): Taken {
  const whole: JsonSchema = { type: 'object', additionalProperties: values };
  const view = shown(whole, schemas.definitions, { hidden: 'readOnly' });
  const schema = { description: 'Fields of the body, by their names', ...view };
  const form = /json/.test(sends) ? {} : { form: 'brackets' as const };
  return { place: { in: 'body fields', name: 'fields', ...form }, schema, whole, required };
}

function fieldOf(read: ReadBody, { name, schema: field }: Field, sends: string): Omit<Taken, 'required'> {
  const { schemas, encoding } = read;
  const view = shown(field, schemas.definitions, { hidden: 'readOnly' });
  const said = isRecord(encoding[name]) ? encoding[name] : {};
  if (/json/.test(sends)) return { place: { in: 'body', name }, schema: view, whole: field };
  const place = { in: 'body' as const, name };
  const type = typeof said['contentType'] === 'string' ? said['contentType'] : undefined;
  if (sends === 'multipart/form-data') {
    const part = partOf(read, field, type);
    const schema = part.form !== 'file' ? neverNull(view) : fileSchema(view);
    return { place: { ...place, ...part }, schema, ...(part.form !== 'file' && { whole: field }) };
  }
  return {
    place: { ...place, ...formFieldForm(shapesOf(field, schemas), said, type) },
    schema: neverNull(view),
    whole: field,
  };
}

/** Where the encoding says nothing of styles, objects are written as JSON (OpenAPI 3.0.4, section 4.7.15). */
function formFieldForm(
  shapes: ReturnType<typeof shapesOf>,
  { style, explode, allowReserved }: Node,
  type: string | undefined,
): Pick<Place, 'form' | 'reserved'> {
  const reserved = allowReserved === true && { reserved: true as const };
  const isStyled = [style, explode, allowReserved].some((each) => each !== undefined);
  if (!isStyled && type !== undefined && /json/i.test(type)) return { form: 'json' };
  if (!isStyled && shapes.includes('object')) return { form: 'json' };
  const how = typeof style === 'string' ? style : undefined;
  const form = formOf('query', shapes, how, explode === undefined ? undefined : Boolean(explode)) ?? 'repeated';
  return { ...(form !== 'text' && { form }), ...reserved };
}

/** A part for each item of a list; bytes are a file, objects JSON. */
function partOf(
  { schemas }: ReadBody,
  field: JsonSchema,
  type: string | undefined,
): { form?: Form; type?: string } {
  const { definitions } = schemas;
  const node = plainOf(field, definitions);
  const { items } = node;
  const isList = typesIn(node).includes('array');
  const one = isList && items ? plainOf(items, definitions) : node;
  const single = type?.includes(',') || type?.includes('*') ? undefined : type;
  if (isBytes(one) || (type !== undefined && isFileType(type, one)))
    return { form: 'file', ...(single !== undefined && { type: single }) };
  const isJson = type === undefined ? shapesOf(one, schemas).includes('object') : /json/i.test(type);
  const told = single !== undefined && { type: single };
  if (isJson && type !== undefined) return { form: 'json', type: single ?? 'application/json' };
  if (isList) return { form: 'repeated', ...told };
  return isJson ? { form: 'json', type: 'application/json' } : told || {};
}

const isBytes = (node: JsonSchema) =>
  node['format'] === 'binary' ||
  node['format'] === 'file' ||
  (node['contentMediaType'] !== undefined && node['contentEncoding'] === undefined && !isTextType(node));

const isTextType = ({ contentMediaType }: JsonSchema) => /json|^text\/plain/i.test(String(contentMediaType));

/** A part whose type is that of a file, where its schema leaves open what it is. */
function isFileType(type: string, node: JsonSchema): boolean {
  const isOpen = typesIn(node).length === 0 || typesIn(node).includes('string');
  return isOpen && !/json|^text\/plain|urlencoded/i.test(type);
}

function fileSchema(view: JsonSchema): JsonSchema {
  const { description } = view;
  const isList = typesIn(view).includes('array') || typesIn(neverNull(view)).includes('array');
  const told = typeof description === 'string' ? { description } : {};
  return isList ? { type: 'array', ...told, items: FILE } : { ...FILE, ...told };
}

function wholeBody({ schemas, full, isRequired }: ReadBody, sends: string, form?: 'file' | 'lines'): Body {
  const isJson = form === 'lines' || isJsonType(sends);
  const view = shown(full, schemas.definitions, { hidden: 'readOnly' });
  const told = { file: '', lines: 'The body, a list of its lines', none: 'The body, as JSON' }[form ?? 'none'];
  const described = { description: isJson ? told : `The body: ${sends}`, ...view };
  const text: JsonSchema = { type: 'string', description: String(described.description) };
  const schema = form === 'file' ? { ...FILE, description: text.description } : isJson ? described : text;
  const place = { in: 'whole body' as const, name: 'body', ...(form && { form }) };
  const taken: Taken = {
    place,
    schema: schema as JsonSchema,
    ...(isJson && { whole: full }),
    required: isRequired,
  };
  return { sends, leftOut: [], taken: [taken], together: [] };
}

type Answer = Pick<Operation, 'accepts' | 'answers' | 'fields' | 'answer'>;

const NOT_ANSWERS = /^(text\/event-stream|multipart\/)/i;

/** @returns the answer, or why it cannot be passed on */
export function readAnswer({ resolve, schemas }: Reading, operation: Node): Answer | string {
  const responses = isRecord(operation['responses']) ? operation['responses'] : {};
  const statuses = Object.keys(responses);
  const good = statuses.filter((status) => /^2/.test(status)).sort();
  if (good.length === 0 && statuses.some((status) => /^3/.test(status))) return 'it answers with a redirect';
  const contents = (good.length > 0 ? good : ['default']).map((status) => {
    const content = resolve(responses[status])?.['content'];
    return isRecord(content) ? content : {};
  });
  const mediaOf = (type: string) => resolve(contents.find((content) => type in content)?.[type]) ?? {};
  const isBinary = (schema: JsonSchema) => isBytes(plainOf(schema, schemas.definitions));
  for (const content of contents) {
    const accepts = Object.keys(content).find(isJsonType);
    if (accepts === undefined) continue;
    const schema = schemas.read(resolve(content[accepts])?.['schema'] ?? {});
    if (accepts === '*/*' && isBinary(schema)) return { accepts, answers: 'file', fields: {} };
    return { accepts: accepts === '*/*' ? 'application/json, */*' : accepts, ...shapeOf(schemas, schema) };
  }
  const types = contents.flatMap((content) => Object.keys(content));
  const lines = types.find((type) => LINES_TYPE.test(type));
  if (lines !== undefined) {
    const answer = linesOf(schemas, mediaOf(lines));
    return { accepts: lines, answers: 'list', fields: namesOf(schemas, answer.items), answer };
  }
  const text = types.find((type) => TEXT_TYPE.test(type) && !NOT_ANSWERS.test(type));
  if (text !== undefined) {
    const isFile = isBinary(schemas.read(mediaOf(text)['schema'] ?? {}));
    return { accepts: text, answers: isFile ? 'file' : 'value', fields: {} };
  }
  const bytes = types.filter((type) => !NOT_ANSWERS.test(type));
  if (bytes.length > 0) return { accepts: bytes.join(', '), answers: 'file', fields: {} };
  // Without any the platform may still answer; what it is shows when it comes.
  return types.length === 0 ? { answers: 'nothing', fields: {} } : `it answers ${types.join(', ')}`;
}

function shapeOf(schemas: Schemas, answer: JsonSchema): Pick<Operation, 'answers' | 'fields' | 'answer'> {
  const { definitions } = schemas;
  const node = plainOf(answer, definitions);
  const types = typesIn(node).filter((type) => type !== 'null');
  const said = Object.keys(answer).length > 0 && { answer };
  if (types.join() === 'array') return { answers: 'list', fields: namesOf(schemas, node.items), ...said };
  const isScalar = types.length > 0 && types.every((type) => type !== 'object' && type !== 'array');
  if (isScalar) return { answers: 'value', fields: {}, ...said };
  return { answers: 'object', fields: namesOf(schemas, answer), ...said };
}

/** Names and types: what stands in them may differ, and nobody is refused an answer for it. */
function namesOf({ definitions }: Schemas, schema: JsonSchema | undefined): Record<string, JsonSchema> {
  if (schema === undefined) return {};
  const node = plainOf(schema, definitions);
  const members = fieldsIn(node, definitions, 'writeOnly');
  return Object.fromEntries(members.map(({ name, schema: inner }) => [name, typeOf(plainOf(inner, definitions))]));
}

function typeOf(node: JsonSchema): JsonSchema {
  if (isExact(node)) return { type: 'string' };
  const { type } = node;
  return type === undefined ? {} : { type };
}
