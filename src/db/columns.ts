// Kinds of columns, for the interfaces of tables.ts and grant-tables.ts.
import type { ColumnType } from 'kysely';

/** jsonb: read as the value, written as its JSON text. */
export type Json<Value> = ColumnType<Value, string, string>;
export type JsonOrNull<Value> = ColumnType<Value | null, string | null, string | null>;
export type Defaulted<Value> = ColumnType<Value, Value | undefined, Value>;
