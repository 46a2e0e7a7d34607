// What a caller is told when a call breaks a rule of the pack's tables: a constraint, or a value that its column
// cannot hold. Said in the rule's own words where it has a comment. Called by tables.ts.
import { type RawBuilder, sql } from 'kysely';
import type { DatabaseError } from 'pg';
import { sqlStateOf } from '../../db/database-failure.ts';
import { SeedError } from '../../protocol/errors.ts';

/** A constraint of a table, or an index that is unique. */
export interface Rule {
  table: string;
  name: string;
  /** What `comment on constraint … is '…'` says. */
  comment: string | null;
  /** Those that it is about, without account_id. */
  columns: string[];
}

export const rulesIn = (schema: string): RawBuilder<Rule> => sql`
  select rel.relname as table, rule.name, rule.comment,
    array(select attname::text from pg_attribute where attrelid = rel.oid and attnum = any(rule.keys)
      and attname <> 'account_id' order by array_position(rule.keys, attnum)) as columns
  from (
    select conrelid as relation, conname as name, obj_description(oid, 'pg_constraint') as comment, conkey as keys
    from pg_constraint where connamespace = to_regnamespace(${schema})
    union all
    select indrelid, index.relname, obj_description(index.oid, 'pg_class'), indkey::int2[]
    from pg_index join pg_class index on index.oid = indexrelid
    where relnamespace = to_regnamespace(${schema}) and indisunique
      and not exists (select from pg_constraint where conindid = indexrelid)
  ) rule join pg_class rel on rel.oid = rule.relation`;

/** @returns null for an error that is not about what was given */
export function refusalOf(error: unknown, rules: readonly Rule[]): SeedError | null {
  const state = sqlStateOf(error) ?? '';
  if (!/^2[23]/.test(state)) return null;
  const broken = (error instanceof SeedError ? error.cause : error) as DatabaseError;
  const { table, constraint } = broken;
  const rule = rules.find((known) => known.table === table && known.name === constraint);
  const message = rule?.comment ?? said(state, broken, rule);
  const code = CONFLICTS.has(state) ? 'conflict' : 'invalid_input';
  return new SeedError(code, message, { hint: 'Nothing was changed.', cause: error });
}

/** Of what is there already, or is not; everything else is of what was given. */
const CONFLICTS = new Set(['23000', '23001', '23503', '23505', '23P01']);

function said(state: string, broken: DatabaseError, rule: Rule | undefined): string {
  const { table = 'the table', column, constraint, message } = broken;
  const columns = rule?.columns.join(' and ') ?? '';
  const named = constraint === undefined ? '' : ` (${constraint})`;
  switch (state) {
    case '23505':
      return `${table} has a row with this ${columns || 'key'} already${named}`;
    case '23503':
    case '23001':
      return /^update or delete/.test(message)
        ? `${table} still refers to it${named}`
        : `there is nothing that ${columns || table} of ${table} could refer to${named}`;
    case '23P01':
      return `${table} has a row that this one cannot be beside${named}`;
    case '23502':
      return `${table} needs a value for ${column ?? 'each of its columns'}`;
    case '23514':
      // Without a constraint it is a trigger that refuses, in its author's words.
      return constraint === undefined ? message : `what was given breaks a rule of ${table}${named}`;
    default:
      return message;
  }
}
