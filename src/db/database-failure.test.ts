import { DatabaseError } from 'pg';
import { describe, expect, it } from 'vitest';
import { connectionFailure, endsConnection, sqlStateOf, statementFailure } from './database-failure.ts';

function postgresSays(code: string, message = 'as Postgres says it', severity = 'ERROR'): DatabaseError {
  return Object.assign(new DatabaseError(message, 0, 'error'), { code, severity });
}

describe('a statement that fails', () => {
  it.each([
    '08000',
    '08003',
    '08006',
    '25006',
    '25P03',
    '25P04',
    '40001',
    '40003',
    '40P01',
    '53000',
    '53200',
    '53300',
    '53400',
    '55P03',
    '57014',
    '57P01',
    '57P02',
    '57P03',
    '57P04',
    '57P05',
    '58000',
    '58030',
    '28P01',
    '3D000',
  ])('with SQLSTATE %s is unavailable, for a time', (code) => {
    const error = postgresSays(code);
    expect(statementFailure(error)).toMatchObject({ code: 'unavailable', status: 503, cause: error });
    expect(statementFailure(error)?.retryAfterSeconds).toBeGreaterThan(0);
    expect(sqlStateOf(statementFailure(error))).toBe(code);
  });

  it.each([
    ['53100', 'could not extend file "base/5/1": wrote only 4096 of 8192 bytes'],
    ['53100', 'could not write to file "pg_wal/xlogtemp.9": No space left on device'],
    ['58030', 'could not extend file "base/5/1": No space left on device'],
    ['XX000', 'could not extend file "base/5/1": Disk quota exceeded'],
  ])('for want of room on the disk says so: %s %s', (code, message) => {
    expect(statementFailure(postgresSays(code, message))).toMatchObject({
      code: 'storage_full',
      status: 503,
    });
  });

  it.each([
    ['XX000', 'could not fsync file "base/5/1": Input/output error'],
    ['42501', 'could not open file "base/5/1": Read-only file system'],
  ])('by the disk is unavailable: %s %s', (code, message) => {
    expect(statementFailure(postgresSays(code, message))).toMatchObject({ code: 'unavailable' });
  });

  it.each(['23505', '22P02', '42P01', '42501', '25P02', '0A000', '26000', 'P0001', 'XX000', '21000'])(
    'with SQLSTATE %s is its own fault',
    (code) => expect(statementFailure(postgresSays(code))).toBeNull(),
  );

  it('before it has come to Postgres is its own fault', () => {
    expect(statementFailure(new TypeError('no such value'))).toBeNull();
    expect(sqlStateOf(new TypeError('no such value'))).toBeNull();
  });

  it('tells callers nothing of the place and the words of the database', () => {
    const failure = statementFailure(postgresSays('53300', 'too many clients for role "seed" at 10.0.0.5'));
    expect(JSON.stringify(failure?.toBody(null))).not.toMatch(/10\.0\.0\.5|role/);
  });
});

describe('a connection', () => {
  it.each([
    new Error('Connection terminated unexpectedly'),
    new Error('timeout exceeded when trying to connect'),
    Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }),
    ...['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'EAI_AGAIN', 'EMFILE'].map(
      (code) => Object.assign(new Error(`connect ${code} 10.0.0.5:5432`), { code }),
    ),
    postgresSays('28P01', 'password authentication failed for user "seed"', 'FATAL'),
    postgresSays('42501', 'permission denied for database "x"', 'FATAL'),
    'no error at all',
  ])('that cannot be had or is lost is unavailable: %s', (cause) => {
    const failure = connectionFailure(cause);
    expect(failure).toMatchObject({ code: 'unavailable', status: 503, logged: true, cause });
    expect(JSON.stringify(failure.toBody(null))).not.toMatch(/10\.0\.0\.5|"seed"/);
  });

  it('ends with what is fatal, in whatever language', () => {
    expect(endsConnection(postgresSays('57P01', 'beendet', 'FATAL'))).toBe(true);
    expect(endsConnection(postgresSays('25P03', 'прерывание', 'ВАЖНО'))).toBe(true);
    expect(endsConnection(postgresSays('57014'))).toBe(false);
    expect(endsConnection(postgresSays('23505'))).toBe(false);
    expect(endsConnection(new Error('lost'))).toBe(false);
  });
});
