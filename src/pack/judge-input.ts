// Whether an input is what the document says, as far as that is certain: the platform judges the rest. Numbers may
// come as strings of digits, which zod's schemas could not know, nor keep every digit of. Pure.
import { digitsOf, holdsExactly, isMany, NUMBER } from '../lib/exact-json.ts';
import { isRecord } from '../lib/json.ts';
import type { Definitions } from '../openapi/schema.ts';
import { formsOf, isExact, isNumeric, plainOf, typesIn } from '../openapi/schema-views.ts';
import type { JsonSchema } from '../protocol/manifest.ts';

export interface Problem {
  path: (string | number)[];
  message: string;
}

type Path = Problem['path'];

/** Of the formats that have one: what lies outside is an overflow. */
const RANGES: Record<string, [bigint, bigint]> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  long: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
  ulong: [0n, 2n ** 64n - 1n],
};

/** @returns what is wrong with it, first things first; none: it may be sent */
export function problemsOf(schema: JsonSchema, value: unknown, definitions: Definitions): Problem[] {
  /** Recursive unions would judge the same again and again; what is being judged is taken for right. */
  const known = new Map<object, Map<JsonSchema, Problem[]>>();

  type Judged = Map<JsonSchema, Problem[]>;

  function judge(given: JsonSchema, value: unknown, path: Path, before?: Judged): Problem[] {
    const judged: Judged = before ?? (isMany(value) ? known.get(value) : undefined) ?? new Map();
    if (isMany(value)) known.set(value, judged);
    const found = judged.get(given);
    if (found !== undefined) return found;
    judged.set(given, []);
    const problems = judgeNow(given, value, path, judged);
    judged.set(given, problems);
    return problems;
  }

  function judgeNow(given: JsonSchema, value: unknown, path: Path, judged: Judged): Problem[] {
    const node = plainOf(given, definitions);
    const forms = formsOf(node);
    // Beside properties they only say which of them go together, which is the platform's to judge.
    if (forms.length > 0 && node.properties === undefined) {
      const all = forms.map((form) => judge(form, value, path, judged));
      if (all.some((problems) => problems.length === 0)) return [];
      if (value === null && typesIn(node).includes('null')) return [];
      return closest(node, forms, all, { value, path });
    }
    const wrongType = typeProblem(node, value);
    if (wrongType !== null) return [{ path, message: wrongType }];
    if (value === null) return [];
    const own = choiceProblem(node, value) ?? boundProblem(node, value);
    const problems = own === null ? [] : [{ path, message: own }];
    if (Array.isArray(value)) return [...problems, ...judgeItems(node, value, path)];
    return isMany(value) ? [...problems, ...judgeFields(node, value as Record<string, unknown>, path)] : problems;
  }

  function judgeItems({ items, prefixItems }: JsonSchema, value: unknown[], path: Path): Problem[] {
    const first = Array.isArray(prefixItems) ? (prefixItems as JsonSchema[]) : [];
    return value.flatMap((item, index) => {
      const schema = first[index] ?? (isRecord(items) ? items : null);
      return schema === null ? [] : judge(schema, item, [...path, index]);
    });
  }

  function judgeFields(node: JsonSchema, value: Record<string, unknown>, path: Path): Problem[] {
    const properties = node.properties ?? {};
    const isGiven = (name: string) => Object.hasOwn(value, name) && value[name] !== undefined;
    const isAsked = (name: string) =>
      !Object.hasOwn(properties, name) || plainOf(properties[name] ?? {}, definitions)['readOnly'] !== true;
    const missing = (node.required ?? []).filter((name) => !isGiven(name) && isAsked(name));
    const more = node['additionalProperties'];
    const values = isRecord(more) && node['patternProperties'] === undefined ? (more as JsonSchema) : null;
    return [
      ...missing.map((name) => ({ path: [...path, name], message: missingText(properties[name]) })),
      ...Object.entries(value).flatMap(([name, inner]) => {
        const schema = Object.hasOwn(properties, name) ? properties[name] : values;
        return schema && inner !== undefined ? judge(schema, inner, [...path, name]) : [];
      }),
    ];
  }

  function missingText(schema: JsonSchema = {}): string {
    const [type] = typesIn(plainOf(schema, definitions));
    return type === undefined ? 'Required' : `Invalid input: expected ${type}, received undefined`;
  }

  /** Of the form that it is by its discriminator, or of the one that it comes closest to. */
  function closest(
    node: JsonSchema,
    forms: readonly JsonSchema[],
    all: Problem[][],
    at: { value: unknown; path: Path },
  ): Problem[] {
    const { discriminator } = node;
    const name = isRecord(discriminator) ? String(discriminator['propertyName']) : null;
    const told = name !== null && isRecord(at.value) ? at.value[name] : undefined;
    if (isRecord(discriminator) && typeof told === 'string') {
      const mapping = isRecord(discriminator['mapping']) ? discriminator['mapping'] : {};
      const target = mapping[told] ?? `#/$defs/${told}`;
      const index = forms.findIndex(({ $ref }) => $ref === target);
      if (index >= 0) return all[index] ?? [];
    }
    const fitting = all.filter((problems) => problems.every(({ path }) => path.length > at.path.length));
    const [only] = fitting;
    if (only && fitting.length === 1) return only;
    const types = [...new Set(forms.flatMap((form) => typesIn(plainOf(form, definitions))))];
    const what =
      fitting.length > 1
        ? `it fits none of the ${forms.length} forms that it may have`
        : `expected ${types.join(' or ')}, received ${kindOf(at.value)}`;
    return [{ path: at.path, message: `Invalid input: ${what}` }];
  }

  return value === undefined ? [{ path: [], message: missingText(schema) }] : judge(schema, value, []);
}

function kindOf(value: unknown): string {
  if (value === null || Array.isArray(value)) return value === null ? 'null' : 'array';
  return digitsOf(value) === null ? typeof value : 'number';
}

/** Null: it is of one of its types. */
function typeProblem(node: JsonSchema, value: unknown): string | null {
  const types = typesIn(node);
  const kind = kindOf(value);
  if (types.length === 0 || types.includes(kind)) return kind === 'number' ? numberProblem(node, value) : null;
  if (isNumeric(node) && (kind === 'number' || isDigits(node, value))) return numberProblem(node, value);
  const expected = types
    .map((type) => (isExact(node) && type !== 'null' ? 'a string of digits' : type))
    .join(' or ');
  return `Invalid input: expected ${expected}, received ${kind}`;
}

/** Digits as text stand for a number where a number would not hold them, or where they always do in Seed. */
export function isDigits(node: JsonSchema, value: unknown): value is string {
  return typeof value === 'string' && NUMBER.test(value) && (isExact(node) || !holdsExactly(value));
}

function numberProblem(node: JsonSchema, value: unknown): string | null {
  const text = digitsOf(value) ?? String(value);
  const types = typesIn(node);
  if (!NUMBER.test(text)) return `Invalid input: expected number, received ${text}`;
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value))
    return 'the number is too large to be exact: give it as a string of digits';
  const whole = wholeNumber(text);
  if (types.includes('integer') && !types.includes('number') && whole === null)
    return 'Invalid input: expected integer, received number';
  const format = String(node['format']);
  const range = RANGES[format];
  if (range && whole !== null && (whole < range[0] || whole > range[1]))
    return `${text} does not fit into ${format}`;
  const isFloat = format === 'float' || format === 'double';
  return isFloat && !Number.isFinite(Number(text)) ? `${text} does not fit into ${format}` : null;
}

/** Null: it is none, or has more digits than anybody's. */
function wholeNumber(text: string): bigint | null {
  if (/^-?\d+$/.test(text)) return text.length > 1_000 ? null : BigInt(text);
  const number = Number(text);
  return Number.isSafeInteger(number) ? BigInt(number) : null;
}

function choiceProblem(node: JsonSchema, value: unknown): string | null {
  const choices = 'const' in node ? [node['const']] : (node.enum ?? []);
  const told = choices.filter((choice) => choice !== null);
  if (told.length === 0 || isMany(value) || typeof value === 'boolean') return null;
  const text = digitsOf(value) ?? String(value);
  if (told.some((choice) => isMany(choice) || String(choice) === text)) return null;
  const shown = told.slice(0, 20).map((choice) => JSON.stringify(choice));
  const more = told.length > shown.length ? '|…' : '';
  return told.length === 1
    ? `Invalid input: expected ${shown[0]}`
    : `Invalid option: expected one of ${shown.join('|')}${more}`;
}

function boundProblem(node: JsonSchema, value: unknown): string | null {
  const bound = (word: string) => (typeof node[word] === 'number' ? node[word] : null);
  if (Array.isArray(value))
    return sizeProblem('array', value.length, bound('minItems'), bound('maxItems'), 'items');
  const isText = typeof value === 'string' && !(isNumeric(node) && NUMBER.test(value));
  if (isText)
    return sizeProblem('string', [...value].length, bound('minLength'), bound('maxLength'), 'characters');
  if (isMany(value) || typeof value === 'boolean') return null;
  const number = Number(digitsOf(value) ?? value);
  const [least, most] = [bound('minimum'), bound('maximum')];
  const [above, below] = [bound('exclusiveMinimum'), bound('exclusiveMaximum')];
  if (least !== null && number < least) return `Too small: expected number to be >=${least}`;
  if (most !== null && number > most) return `Too big: expected number to be <=${most}`;
  if (above !== null && number <= above) return `Too small: expected number to be >${above}`;
  return below !== null && number >= below ? `Too big: expected number to be <${below}` : null;
}

function sizeProblem(
  what: string,
  size: number,
  least: number | null,
  most: number | null,
  unit: string,
): string | null {
  if (least !== null && size < least) return `Too small: expected ${what} to have >=${least} ${unit}`;
  return most !== null && size > most ? `Too big: expected ${what} to have <=${most} ${unit}` : null;
}
