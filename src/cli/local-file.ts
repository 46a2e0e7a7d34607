// A file of this machine that is sent with a command: `--file path[=name]`. Used by flag-value.ts and multipart.ts.
import { SeedError } from '../protocol/errors.ts';
import { fileNameProblem } from '../protocol/file-name.ts';
import { fs } from './builtin.ts';

export class LocalFile {
  readonly path: string;
  /** What it is called where it goes. */
  readonly name: string;
  readonly size: number;

  constructor(path: string, name: string, size: number) {
    this.path = path;
    this.name = name;
    this.size = size;
  }
}

/** `path`, called as its last part, or `path=name`. Throws SeedError `usage`. */
export function localFile(typed: string): LocalFile {
  const whole = sizeOf(typed);
  if (whole !== null) return named(typed, typed.split('/').at(-1) ?? typed, whole);
  const equals = typed.lastIndexOf('=');
  const path = equals < 1 ? typed : typed.slice(0, equals);
  const size = equals < 1 ? null : sizeOf(path);
  if (size === null) throw new SeedError('usage', `--file: there is no file ${JSON.stringify(path)} to read`);
  return named(path, typed.slice(equals + 1), size);
}

function named(path: string, name: string, size: number): LocalFile {
  const problem = fileNameProblem(name);
  if (problem === null) return new LocalFile(path, name, size);
  throw new SeedError('usage', `--file ${JSON.stringify(path)}: ${problem}`, {
    hint: 'Give it another name: --file path=name',
  });
}

function sizeOf(path: string): number | null {
  const stats = fs.statSync(path, { throwIfNoEntry: false });
  return stats?.isFile() ? stats.size : null;
}
