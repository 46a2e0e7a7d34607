// The kinds of columns as kysely sees them, for tables.ts and the files of tables beside it.
import type { ColumnType } from 'kysely';

/** jsonb: read as the value, written as its JSON text. */
export type Json<Value> = ColumnType<Value, string, string>;
export type JsonOrNull<Value> = ColumnType<Value | null, string | null, string | null>;
export type Defaulted<Value> = ColumnType<Value, Value | undefined, Value>;
