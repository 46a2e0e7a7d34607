// What the database fails with, sorted into what a caller is told. What is not here is a fault of the statement,
// and so of Seed or of a pack: it stays as it is and is answered as `internal`.
import { DatabaseError } from 'pg';
import { SeedError } from '../protocol/errors.ts';

interface Trouble {
  code: 'unavailable' | 'storage_full';
  message: string;
  hint?: string;
  /** 2 unless it is said. */
  retryAfterSeconds?: number;
  /** It is the database's and meets everyone, not this one statement. */
  general: boolean;
}

const AWAY: Trouble = { code: 'unavailable', message: 'the database does not answer', general: true };
const REFUSES: Trouble = { ...AWAY, message: 'the database refuses this server' };
const NO_MEANS: Trouble = { ...AWAY, message: 'the database has no means left for this' };
const DISK_FAILS: Trouble = { ...AWAY, message: "the database's disk fails" };
const READ_ONLY: Trouble = { ...AWAY, message: 'the database can only be read now', general: false };
const TOO_SLOW: Trouble = { ...AWAY, message: 'the database took too long for this', general: false };
const BLOCKED: Trouble = {
  ...TOO_SLOW,
  message: 'another request was in the way of this one',
  retryAfterSeconds: 1,
};
const FULL: Trouble = {
  code: 'storage_full',
  message: "the database's disk is full",
  hint: 'The operator makes room on it.',
  retryAfterSeconds: 10,
  general: true,
};

/** By SQLSTATE, or its class (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
const TROUBLES: Readonly<Record<string, Trouble>> = {
  '08': AWAY,
  '25006': READ_ONLY,
  // A transaction that stood still for too long, or took too long as a whole.
  '25P03': TOO_SLOW,
  '25P04': TOO_SLOW,
  '28': REFUSES,
  '3D': REFUSES,
  '40001': BLOCKED,
  '40003': AWAY,
  '40P01': BLOCKED,
  '53': NO_MEANS,
  '53100': FULL,
  '53300': { ...NO_MEANS, message: 'the database takes no more connections' },
  '55P03': BLOCKED,
  '57014': TOO_SLOW,
  '57P': AWAY,
  '58000': DISK_FAILS,
  '58030': DISK_FAILS,
};

/** Postgres has no SQLSTATE for some errors of the disk; it tells the system's words. */
const SAID_OF_DISKS: readonly [RegExp, Trouble][] = [
  [/: (No space left on device|Disk quota exceeded)$/, FULL],
  [/: (Read-only file system|Input\/output error)$/, DISK_FAILS],
];

/** Poolers have one SQLSTATE, or none of Postgres's, for all that they say: PgBouncer's, and Supavisor's. */
const SAID_OF_POOLERS: readonly [RegExp, Trouble][] = [
  [
    /^(no more connections allowed|query_wait_timeout|max client connections reached)/i,
    { ...NO_MEANS, message: "the database's pooler has no session left" },
  ],
  [
    /^unsupported startup parameter/,
    { ...REFUSES, hint: 'Take the parameter out of DATABASE_URL: the pooler in front of it takes none.' },
  ],
];

/** What a statement failed with; null when it is the statement's own fault. */
export function statementFailure(error: unknown): SeedError | null {
  if (!(error instanceof DatabaseError)) return null;
  const trouble = troubleOf(error);
  return trouble && toSeedError(trouble, error);
}

/** Why no connection could be had or one was lost, whatever the reason. */
export function connectionFailure(error: unknown): SeedError {
  const trouble = error instanceof DatabaseError ? troubleOf(error) : null;
  return toSeedError({ ...(trouble ?? AWAY), general: true }, error);
}

/** The SQLSTATE of what Postgres itself has said; null when it was not Postgres. */
export function sqlStateOf(error: unknown): string | null {
  if (error instanceof DatabaseError) return error.code ?? null;
  return error instanceof SeedError && error.cause !== undefined ? sqlStateOf(error.cause) : null;
}

/** Whether Postgres ends the connection with this error. Its word for how bad it is may be a translated one. */
export function endsConnection(error: unknown): boolean {
  if (!(error instanceof DatabaseError)) return false;
  return error.severity === 'FATAL' || /^(08|25P0[34]|28|3D|57P)/.test(error.code ?? '');
}

/**
 * Whether the database takes no writes. Of a transaction that was begun to read only it says nothing; else the
 * connection leads to what is no primary any more, or whose operator has closed it.
 */
export function isReadOnly(error: unknown): boolean {
  return sqlStateOf(error) === '25006';
}

function troubleOf({ code = '', message }: DatabaseError): Trouble | null {
  const pooler = SAID_OF_POOLERS.find(([pattern]) => pattern.test(message));
  if (pooler && (code === 'XX000' || code.startsWith('08') || code === '53300')) return pooler[1];
  const said = SAID_OF_DISKS.find(([pattern]) => pattern.test(message));
  if (said && (code === 'XX000' || code === '42501' || code.startsWith('58'))) return said[1];
  return TROUBLES[code] ?? TROUBLES[code.slice(0, 3)] ?? TROUBLES[code.slice(0, 2)] ?? null;
}

function toSeedError(trouble: Trouble, cause: unknown): SeedError {
  const { code, message, hint = 'Try again in a moment.', retryAfterSeconds = 2, general: logged } = trouble;
  return new SeedError(code, message, { hint, retryAfterSeconds, cause, logged });
}
