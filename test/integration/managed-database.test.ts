// What providers of Postgres ask for and do: TLS with an authority of their own, passwords that are replaced, limits
// of connections, and poolers that run out; on a real Postgres of Debian's and a real PgBouncer.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findWays } from '../../src/db/addresses.ts';
import { ConnectionPool } from '../../src/db/connection-pool.ts';
import { Outage } from '../../src/db/outage.ts';
import { run, testDatabase } from '../fixtures/database.ts';
import { startPgBouncer, whyNoPgBouncer } from '../fixtures/pgbouncer.ts';
import { type Cluster, startDebianPostgres, whyNoReplicatedPostgres } from '../fixtures/replicated-postgres.ts';
import { silent } from '../fixtures/store.ts';

const exec = promisify(execFile);
const none = whyNoReplicatedPostgres();
const noPooler = whyNoPgBouncer();
for (const why of [none, noPooler]) if (why !== null) process.stderr.write(`skipped: ${why}\n`);

const LIMITS = { connections: 2, statementMs: 5_000, lockMs: 5_000 };
const UNAVAILABLE = { code: 'unavailable', status: 503 };

async function asked(databaseUrl: string): Promise<boolean> {
  const pool = new ConnectionPool(databaseUrl, LIMITS, new Outage(silent));
  try {
    const { rows } = await pool.query<{ ssl: boolean }>(
      'select ssl from pg_stat_ssl where pid = pg_backend_pid()',
    );
    return rows[0]?.ssl === true;
  } finally {
    await pool.end();
  }
}

describe.skipIf(none)('a Postgres that takes TLS and passwords only', () => {
  const parts = new AsyncDisposableStack();
  let cluster: Cluster;
  let folder: string;
  const urlWith = (more: string, password = 'first') =>
    `postgres://tenant:${password}@127.0.0.1:${cluster.port}/postgres${more}`;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'seed-tls-'));
    parts.defer(() => rm(folder, { recursive: true }));
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'ca.pem')];
    const subject = ['-subj', '/CN=a provider', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    await exec('openssl', ['req', '-x509', ...made, '-keyout', key, '-out', certificate, ...subject]);
    cluster = parts.use(
      await startDebianPostgres({
        tls: { key, certificate },
        access: ['local all all trust', 'hostssl all tenant 127.0.0.1/32 scram-sha-256'],
      }),
    );
    await run(cluster.url, `create role tenant login password 'first'`);
  });
  afterAll(() => parts.disposeAsync());

  test.each([
    ['verify-full with its authority', () => `?sslmode=verify-full&sslrootcert=${folder}/ca.pem`],
    ["psql's meaning of require", () => '?uselibpqcompat=true&sslmode=require'],
    ['no check at all', () => '?sslmode=no-verify'],
  ])('is reached with %s', async (_, more) => {
    expect(await asked(urlWith(more()))).toBe(true);
  });

  test.each([
    ['without TLS', () => '', /no pg_hba.conf entry .* no encryption/],
    ['with an authority that nobody knows', () => '?sslmode=require', /self-signed certificate/],
  ])('is not reached %s, and says why', async (_, more, why) => {
    const [found] = await findWays({ databaseUrl: urlWith(more()) });
    expect(found?.error).toMatchObject(UNAVAILABLE);
    expect(found?.error?.message).toMatch(why);
    expect(JSON.stringify(found)).not.toContain('first');
  });

  test('and whose password is replaced is reached by the next connection, from the file', async () => {
    const file = join(folder, 'password');
    await writeFile(file, 'first\n');
    const tls = `?sslmode=no-verify&passwordfile=${encodeURIComponent(file)}`;
    const pool = new ConnectionPool(urlWith(tls, 'of-another-day'), LIMITS, new Outage(silent));
    const one = await pool.connect();
    await run(cluster.url, `alter role tenant password 'second'`);
    // Who is connected stays so.
    await one.query('select 1');
    await expect(pool.connect()).rejects.toMatchObject({ message: 'the database refuses this server' });
    await writeFile(file, 'second');
    (await pool.connect()).release();
    one.release();
    await pool.end();
  });

  test('that has no connection left says so', async () => {
    await run(cluster.url, `alter role tenant password 'first' connection limit 1`);
    const pool = new ConnectionPool(urlWith('?sslmode=no-verify'), LIMITS, new Outage(silent));
    const one = await pool.connect();
    await expect(pool.connect()).rejects.toMatchObject({
      ...UNAVAILABLE,
      message: 'the database takes no more connections',
    });
    one.release();
    await pool.end();
  });
});

describe.skipIf(noPooler)('a pooler', () => {
  test('that has no session left, or no place in the queue, says so', async () => {
    const { databaseUrl, drop } = await testDatabase();
    const few = { default_pool_size: 1, max_client_conn: 3, query_wait_timeout: 1 };
    const pooler = await startPgBouncer(databaseUrl, few);
    const url = pooler.pooled(databaseUrl);
    const holder = new Client({ connectionString: url });
    await holder.connect();
    await holder.query('begin');
    const pool = new ConnectionPool(url, LIMITS, new Outage(silent));
    const none = { ...UNAVAILABLE, message: "the database's pooler has no session left" };
    await expect(pool.query('select 1')).rejects.toMatchObject(none);
    const others = Array.from({ length: 2 }, () => new Client({ connectionString: url }));
    for (const other of others) await other.connect();
    await expect(pool.query('select 1')).rejects.toMatchObject(none);
    await Promise.all([holder, ...others].map((client) => client.end()));
    await pool.query('select 1');
    await pool.end();
    await pooler.stop();
    await drop();
  });

  test('whose sessions are ended under a transaction fails that and nothing else', async () => {
    const { databaseUrl, drop } = await testDatabase();
    const pooler = await startPgBouncer(databaseUrl, { default_pool_size: 2 });
    const pool = new ConnectionPool(pooler.pooled(databaseUrl), LIMITS, new Outage(silent));
    const connection = await pool.connect();
    await connection.query('begin');
    await run(
      databaseUrl,
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()
         and pid <> pg_backend_pid()`,
    );
    await expect(connection.query('select 1')).rejects.toMatchObject(UNAVAILABLE);
    connection.release();
    await pool.query('select 1');
    await pool.end();
    await pooler.stop();
    await drop();
  });

  test('that takes no parameters refuses an address that has some, and the hint says which it was', async () => {
    const { databaseUrl, drop } = await testDatabase();
    const pooler = await startPgBouncer(databaseUrl);
    const url = `${pooler.pooled(databaseUrl)}&options=${encodeURIComponent('-c search_path=public')}`;
    const [found] = await findWays({ databaseUrl: url });
    expect(found?.error?.message).toMatch(/unsupported startup parameter: options/);
    expect(found?.error).toMatchObject(UNAVAILABLE);
    const [well] = await findWays({ databaseUrl: pooler.pooled(databaseUrl) });
    expect(well).toMatchObject({ setting: 'DATABASE_URL', way: 'pooled by transaction', error: null });
    await pooler.stop();
    await drop();
  });
});
