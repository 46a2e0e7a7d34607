// A pack's migrations are one transaction: one that ends it would leave half of them applied. Used by migrate.ts.
import { SeedError } from '../protocol/errors.ts';

/** What holds no statement: comments, strings and names in quotes, and bodies between dollar signs. */
const OPAQUE =
  /--[^\n]*|\/\*[\s\S]*?\*\/|\be'(?:\\.|''|[^'\\])*'|'(?:''|[^'])*'|"(?:""|[^"])*"|(\$\w*\$)[\s\S]*?\1/gi;
/** The bodies of functions that are written as SQL: their `end` is none of a transaction. */
const SQL_BODY = /\bbegin\s+atomic\b[\s\S]*?\bend\b/gi;
const CONTROL =
  /^(begin|start\s+transaction|commit|end|rollback|abort|savepoint|release|prepare\s+transaction)\b/i;

/** @throws SeedError invalid_settings for a text with a statement that begins or ends a transaction */
export function refuseTransactionControl(text: string, shown: string): void {
  const statements = text.replace(OPAQUE, ' ').replace(SQL_BODY, ' ').split(';');
  const word = statements.map((statement) => CONTROL.exec(statement.trim())?.[0]).find(Boolean);
  if (word === undefined) return;
  throw new SeedError(
    'invalid_settings',
    `${shown} cannot be applied: it has a ${word.toUpperCase()} of its own.`,
    {
      hint: 'Leave it out: the new migrations of a pack are one transaction, applied all or not at all.',
    },
  );
}
