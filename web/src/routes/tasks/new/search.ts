// What of a task stands in the address: `instruction`, or `template` with its `parameters` as JSON, `scopes` with
// commas, `model`, `limits` as JSON, and its numbers.
import { LIMITS } from '../../../../../src/protocol/limits.ts';
import { type NumberBounds, numberProblem } from '../../../format/readable.ts';

export type NewTaskSearch = {
  instruction?: string | undefined;
  template?: string | undefined;
  parameters?: string | undefined;
  scopes?: string | undefined;
  model?: string | undefined;
  limits?: string | undefined;
} & { [Name in NumberName]?: number | undefined };

/** What is no text, or no number, was not meant. */
export function newTaskSearch(search: Record<string, unknown>): NewTaskSearch {
  const numbers = NUMBER_NAMES.flatMap((name) => {
    const value = Number(search[name]);
    return search[name] !== undefined && Number.isFinite(value) ? [[name, value]] : [];
  });
  return {
    instruction: textIn(search['instruction']),
    template: textIn(search['template']),
    parameters: textIn(search['parameters']),
    scopes: textIn(search['scopes']),
    model: textIn(search['model']),
    limits: jsonIn(search['limits']),
    ...Object.fromEntries(numbers),
  };
}

/** The same of what is JSON itself. */
const jsonIn = (value: unknown) => (Array.isArray(value) ? JSON.stringify(value) : textIn(value));

/** The router reads what looks like JSON as JSON. */
function textIn(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.join(',');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

const { resources } = LIMITS;

type NumberField = NumberBounds & { label: string };

export const NUMBER_FIELDS = {
  timeout: {
    label: 'Timeout in seconds',
    min: LIMITS.timeoutMinMs,
    max: LIMITS.timeoutMaxMs,
    isWhole: true,
    factor: 1000,
    unit: 'seconds',
  },
  usd: { label: 'US dollars', min: 1e-6, max: LIMITS.usdMax, isWhole: false },
  tokens: { label: 'Tokens', min: 1, max: LIMITS.tokensMax, isWhole: true },
  calls: { label: 'Model calls', min: 1, max: LIMITS.modelCallsMax, isWhole: true },
  vcpus: { label: 'Processors', min: resources.vcpusMin, max: resources.vcpusMax, isWhole: true },
  memoryMb: { label: 'Memory in MiB', min: resources.memoryMbMin, max: resources.memoryMbMax, isWhole: true },
  diskMb: { label: 'Disk in MiB', min: resources.diskMbMin, max: resources.diskMbMax, isWhole: true },
  processes: { label: 'Processes', min: resources.processesMin, max: resources.processesMax, isWhole: true },
} as const satisfies Record<string, NumberField>;

export type NumberName = keyof typeof NUMBER_FIELDS;
export const NUMBER_NAMES = Object.keys(NUMBER_FIELDS) as NumberName[];
export const BUDGET_NAMES = ['usd', 'tokens', 'calls'] as const;
export const RESOURCE_NAMES = ['vcpus', 'memoryMb', 'diskMb', 'processes'] as const;

/** What is sent for the text; undefined: nothing, or it is no number. */
export function numberOf(name: NumberName, text: string): number | undefined {
  const { factor = 1 }: NumberField = NUMBER_FIELDS[name];
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number)) return undefined;
  // 0.1 × 3 is to be 0.3.
  return Number((number * factor).toPrecision(15));
}

/** What stands in the field for a number that is sent. */
export function textOf(name: NumberName, number: number): string {
  const { factor = 1 }: NumberField = NUMBER_FIELDS[name];
  return String(number / factor);
}

/** @returns what is wrong with the text; null: it can be sent as it is */
export function problemOf(name: NumberName, text: string): string | null {
  return text.trim() === '' ? null : numberProblem(numberOf(name, text) ?? Number.NaN, NUMBER_FIELDS[name]);
}
