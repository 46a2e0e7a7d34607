// How values of columns arrive in a command of a pack, exactly and the same on every machine: the table of
// docs/your-platform.md. Used by pack-database.ts.
import { type RawBuilder, sql } from 'kysely';
import type { CustomTypesConfig } from 'pg';
import { types } from './connection.ts';

type Parse = (text: string) => unknown;

const OID = types.builtins;
const same: Parse = (text) => text;

/** A number where that is exact, and otherwise its digits. */
function wholeNumber(text: string): number | string {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : text;
}

/** Without a time zone it is read as UTC, as a Date is written (`parameterOf`). */
const utc: Parse = (text) =>
  /^-?infinity$/.test(text) ? text : types.getTypeParser(OID.TIMESTAMPTZ)(`${text}+00`);

/** ISO 8601: P1DT2H30M. */
const duration: Parse = (text) =>
  (types.getTypeParser(OID.INTERVAL)(text) as { toISOString(): string }).toISOString();

const OWN = new Map<number, Parse>([
  [OID.INT8, wholeNumber],
  [OID.NUMERIC, same],
  [OID.DATE, same],
  [OID.TIMESTAMP, utc],
  [OID.INTERVAL, duration],
]);

const parserOf = (oid: number): Parse => OWN.get(oid) ?? types.getTypeParser(oid);

const arrayOf =
  (element: Parse): Parse =>
  (text) =>
    (types.arrayParser as unknown as { create(text: string, parse: Parse): { parse(): unknown } })
      .create(text, (item) => (item === null ? null : element(item as string)))
      .parse();

/** Arrays of what Postgres brings, by the types of their items (pg_type.dat, column typarray). */
const ARRAYS: readonly (readonly [array: number, item: number])[] = [
  [1000, OID.BOOL],
  [1001, OID.BYTEA],
  [1002, OID.CHAR],
  [1005, OID.INT2],
  [1007, OID.INT4],
  [1009, OID.TEXT],
  [1014, OID.BPCHAR],
  [1015, OID.VARCHAR],
  [1016, OID.INT8],
  [1021, OID.FLOAT4],
  [1022, OID.FLOAT8],
  [1041, OID.INET],
  [1115, OID.TIMESTAMP],
  [1182, OID.DATE],
  [1183, OID.TIME],
  [1185, OID.TIMESTAMPTZ],
  [1187, OID.INTERVAL],
  [1231, OID.NUMERIC],
  [1270, OID.TIMETZ],
  [199, OID.JSON],
  [2951, OID.UUID],
  [3807, OID.JSONB],
];

const BUILT_IN = new Map([...OWN, ...ARRAYS.map(([array, item]) => [array, arrayOf(parserOf(item))] as const)]);

/** The arrays of enums and domains that a pack has made: Postgres says of a value only the number of its type. */
export interface ArrayType {
  array: number;
  item: number;
}

export const arrayTypesIn = (schema: string): RawBuilder<ArrayType> => sql`
  select typarray::int8 as array, (case when typtype = 'd' then typbasetype else oid end)::int8 as item
  from pg_type where typnamespace = to_regnamespace(${schema}) and typarray <> 0 and typtype in ('e', 'd')`;

/** @param arrays as `arrayTypesIn` finds them */
export function columnTypes(arrays: readonly ArrayType[]): CustomTypesConfig {
  const known = new Map([
    ...BUILT_IN,
    ...arrays.map(({ array, item }) => [array, arrayOf(parserOf(item))] as const),
  ]);
  const getTypeParser = (oid: number, format?: 'text' | 'binary') =>
    known.get(oid) ?? types.getTypeParser(oid, format as 'text');
  return { getTypeParser: getTypeParser as CustomTypesConfig['getTypeParser'] };
}

/** A moment is written in UTC, whatever the machine's time zone: `timestamp` would keep the local hours. */
export function parameterOf(value: unknown): unknown {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? value : value.toISOString();
  if (typeof value === 'bigint') return String(value);
  return Array.isArray(value) ? value.map(parameterOf) : value;
}
