// What of a task stands in the address: `instruction`, `scopes` with commas, `timeout` in ms, `model`, and the other numbers.
import { NUMBER_NAMES, type NumberName } from './number-fields.ts';

export type NewTaskSearch = {
  instruction?: string | undefined;
  scopes?: string | undefined;
  model?: string | undefined;
} & { [Name in NumberName]?: number | undefined };

/** What is no text, or no number, was not meant. */
export function readSearch(search: Record<string, unknown>): NewTaskSearch {
  const numbers = NUMBER_NAMES.flatMap((name) => {
    const value = Number(search[name]);
    return search[name] !== undefined && Number.isFinite(value) ? [[name, value]] : [];
  });
  return {
    instruction: textIn(search['instruction']),
    scopes: textIn(search['scopes']),
    model: textIn(search['model']),
    ...Object.fromEntries(numbers),
  };
}

/** The router reads what looks like JSON as JSON. */
function textIn(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.join(',');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
