// An answer as CSV: a page with the columns of its table, anything else as names and values. Used by answer-view.ts.
import { type CsvCell, csvLine } from '../lib/csv.ts';
import { isRecord, valueAt } from './cell.ts';
import { sanitise } from './sanitise.ts';

/** Columns are named as in the JSON. Without any in the manifest they are the first item's. */
export function listCsv(items: readonly unknown[], columns: readonly string[]): string {
  const [first] = items;
  const names = columns.length > 0 || !isRecord(first) ? columns : Object.keys(first);
  const lines = items.map((item) => names.map((name) => cellOf(valueAt(item, name))));
  return [names.map(cellOf), ...lines].map(csvLine).join('');
}

/** `cost.total` is the name of what stands in a group; the elements of a list are counted from 0. */
export function objectCsv(answer: unknown): string {
  return [['name', 'value'], ...namesAndValues(answer, '')].map(csvLine).join('');
}

function namesAndValues(value: unknown, path: string): CsvCell[][] {
  const parts = isRecord(value) || isListOfObjects(value) ? Object.entries(value) : [];
  if (parts.length === 0) return [[path, cellOf(value)]];
  return parts.flatMap(([name, part]) => namesAndValues(part, path === '' ? name : `${path}.${name}`));
}

function isListOfObjects(value: unknown): value is object[] {
  return Array.isArray(value) && value.some((item) => typeof item === 'object');
}

function cellOf(value: unknown): CsvCell {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'string') return sanitise(value);
  if (Object.keys(value).length === 0) return null;
  const isPlainList = Array.isArray(value) && value.every((item) => typeof item !== 'object');
  return sanitise(isPlainList ? value.join(', ') : JSON.stringify(value));
}
