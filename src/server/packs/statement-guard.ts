// What a command of a pack may say to the database: statements about rows, and nothing that changes who asks, for
// which account, or what outlives the call. Each statement goes to Postgres as one (the extended protocol takes no
// second). Called by pack-database.ts.
import { SeedError } from '../../protocol/errors.ts';

/** What a statement begins with. */
const MAY_BEGIN =
  /^(select|insert|update|delete|merge|with|values|table|savepoint|release|rollback\s+(work\s+|transaction\s+)?to|set\s+constraints|lock)(?![\w$])/i;

/**
 * Names that are not to stand anywhere in one, not even in a text, since some functions run a text as a statement.
 * Whole words; a name cannot be written in another way but in \uXXXX, which is refused as well.
 */
const NAMES = [
  // Change who asks, or for which account.
  ...['set_config', 'pg_settings'],
  // Run a text that no rule here has seen.
  ...['query_to_xml', 'query_to_xmlschema', 'query_to_xml_and_xmlschema', 'ts_stat', 'ts_rewrite'],
  ...['dblink\\w*', 'crosstab\\w*', 'connectby', 'xpath_table'],
  // Belong to no account, or outlive the call.
  ...['lo_\\w+', 'loread', 'lowrite', 'pg_notify', 'pg_(try_)?advisory_(lock|lock_shared|unlock\\w*)'],
];
const FORBIDDEN = new RegExp(`(?<![a-z0-9_$])(${NAMES.join('|')})(?![a-z0-9_$])|u&["']`, 'i');

/** @throws SeedError internal: the pack is to be mended, and its caller cannot do anything about it */
export function guardStatement(pack: string, text: string): void {
  const bare = withoutComments(text);
  const start = bare.replace(/^[\s(]+/, '');
  if (!MAY_BEGIN.test(start)) throw refused(pack, `begins with "${/^\S{0,30}/.exec(start)?.[0] ?? ''}"`);
  const [, name] = FORBIDDEN.exec(text) ?? [];
  if (FORBIDDEN.test(text)) throw refused(pack, `has "${name ?? 'U&'}" in it`);
}

function refused(pack: string, why: string): SeedError {
  return new SeedError(
    'internal',
    `the pack ${pack} sends the database a statement that ${why}, which a command may not`,
  );
}

/** The comments that a text begins with are taken off. They nest, and a line ends as Postgres says it does. */
function withoutComments(text: string): string {
  let rest = text;
  for (;;) {
    rest = rest.replace(/^[\s(]+/, '');
    if (rest.startsWith('--')) rest = rest.slice(endOfLine(rest));
    else if (rest.startsWith('/*')) rest = rest.slice(endOfComment(rest));
    else return rest;
  }
}

function endOfLine(text: string): number {
  const at = text.search(/[\n\r]/);
  return at < 0 ? text.length : at;
}

function endOfComment(text: string): number {
  let depth = 0;
  for (const { 0: mark, index } of text.matchAll(/\/\*|\*\//g)) {
    depth += mark === '/*' ? 1 : -1;
    if (depth === 0) return index + 2;
  }
  return text.length;
}
