// The numbered SQL files of a folder, and what none of a pack's may have in it. Used by migrate.ts.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { SeedError } from '../protocol/errors.ts';

const FILE_NAME = /^(\d{4})_[a-z0-9_]+\.sql$/;

export interface Migration {
  number: number;
  name: string;
  text: string;
  checksum: string;
}

/**
 * In the order of their numbers.
 * @param shown the folder as messages name it
 * @throws SeedError invalid_settings for a name that is no migration's, or a number that is there twice
 */
export async function readMigrations(folder: URL, shown: string): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  const migrations = await Promise.all(names.map((name) => readMigration(folder, name, shown)));
  for (const [index, { number, name }] of migrations.entries()) {
    const twin = migrations[index - 1];
    if (twin?.number === number) throw wrong(`${shown}/${name} has the number of ${twin.name}.`);
  }
  return migrations;
}

async function readMigration(folder: URL, name: string, shown: string): Promise<Migration> {
  const number = FILE_NAME.exec(name)?.[1];
  if (number === undefined)
    throw wrong(`${shown}/${name} is not called like a migration, such as 0001_contacts.sql.`);
  const text = await readFile(new URL(name, folder), 'utf8');
  const checksum = createHash('sha256').update(text).digest('hex');
  return { number: Number(number), name, text, checksum };
}

const wrong = (message: string) => new SeedError('invalid_settings', message);

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
    { hint: 'Leave it out: the new migrations of a pack are one transaction, applied all or not at all.' },
  );
}
