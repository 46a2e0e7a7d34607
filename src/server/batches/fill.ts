// What a row makes of the instruction, or of the template's parameters: checked for every row when a batch is
// made, and done again when its task is started. What a row says is put in as it is and never read for places.
// Pure.
import { storableValue } from '../../db/storable.ts';
import { type BatchTask, ROW_TOO_LARGE, type RowInput, rowBytes } from '../../protocol/batch.ts';
import { BATCH_LIMITS } from '../../protocol/batch-limits.ts';
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Parameters, ParameterValue, Template } from '../../protocol/template.ts';
import { utf8Length } from '../../protocol/text.ts';
import { fillIn, placesOf, valuesFor } from '../templates/parameters.ts';

/** What is filled from rows: an instruction with places, or a template with parameters. */
export interface Form {
  instruction: string;
  /** Of a template; null: it has none, or there is no template. */
  parameters: Parameters | null;
  /** What is the same for all rows. */
  fixed: Record<string, ParameterValue>;
  /** What is taken of a row, by its names. */
  fills: readonly string[];
}

/**
 * @param template null: the task has an instruction of its own
 * @throws SeedError invalid_input
 */
export function formOf({ instruction = '', parameters: fixed = {} }: BatchTask, template: Template | null): Form {
  if (template === null) return { instruction, parameters: null, fixed, fills: placesOf(instruction) };
  const { parameters, name } = template;
  const names = Object.keys(parameters?.properties ?? {});
  const foreign = Object.keys(fixed).find((one) => !names.includes(one));
  if (foreign !== undefined)
    throw new SeedError('invalid_input', `parameters: the template "${name}" has no parameter "${foreign}"`);
  const fills = names.filter((one) => !Object.hasOwn(fixed, one));
  return { instruction: template.instruction, parameters, fixed, fills };
}

/** @returns what is wrong with the row, in words; null: nothing */
export function problemOf(form: Form, input: RowInput): string | null {
  if (rowBytes(input) > BATCH_LIMITS.batchRowBytes) return ROW_TOO_LARGE;
  if (JSON.stringify(storableValue(input)) !== JSON.stringify(input))
    return 'a text has NUL or half a surrogate pair, which cannot be kept';
  if (Object.hasOwn(input, '__proto__')) return 'nothing of it can be called __proto__';
  const missing = form.parameters === null && form.fills.find((name) => !Object.hasOwn(input, name));
  if (typeof missing === 'string') return `it has no "${missing}", which the instruction takes`;
  try {
    const text = filled(form, input);
    if (text.trim() === '') return 'the instruction is empty with it';
    if (utf8Length(text) <= LIMITS.instructionBytes) return null;
    return `the instruction is longer than ${LIMITS.instructionBytes} bytes with it`;
  } catch (error) {
    if (error instanceof SeedError) return error.message;
    throw error;
  }
}

/** What the task of a row says of instruction or parameters. @param fills as the form has them */
export function orderOfRow(
  { instruction, template, parameters: fixed = {} }: BatchTask,
  fills: readonly string[],
  input: RowInput,
): Pick<BatchTask, 'instruction' | 'parameters'> {
  if (template === undefined) return { instruction: withTexts(instruction ?? '', fills, input) };
  const parameters = { ...fixed, ...valuesOf(fills, input) };
  return Object.keys(parameters).length === 0 ? {} : { parameters };
}

/** An empty cell gives a parameter nothing: there is no other way for a CSV file to say so. */
function valuesOf(fills: readonly string[], input: RowInput): Record<string, ParameterValue> {
  const given = fills.filter((name) => Object.hasOwn(input, name) && input[name] !== null && input[name] !== '');
  return Object.fromEntries(given.map((name) => [name, input[name] as ParameterValue]));
}

function filled({ instruction, parameters, fixed, fills }: Form, input: RowInput): string {
  if (parameters === null) return withTexts(instruction, fills, input);
  return fillIn(instruction, valuesFor(parameters, { ...fixed, ...valuesOf(fills, input) }));
}

function withTexts(instruction: string, fills: readonly string[], input: RowInput): string {
  return fillIn(instruction, Object.fromEntries(fills.map((name) => [name, textOf(input[name])])));
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
