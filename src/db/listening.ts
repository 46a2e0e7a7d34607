// Hears other servers by LISTEN: on a connection of its own, which has its session of Postgres for itself. One
// connection from `open` to `close`; a new one is made whenever it breaks. Made by store.ts for signals.ts.
import { type Limits, type OwnConnection, openConnection } from './connection.ts';
import type { Outage } from './outage.ts';
import { CHANNEL, type Heard, type Messenger, TELL, type Topic, toTell } from './topics.ts';

const RECONNECT_MIN_MS = 100;
const RECONNECT_MAX_MS = 5_000;
/** How often it asks whether its connection is still heard, and how long it waits: silence alone says nothing. */
const BEAT = { everyMs: 5_000, patienceMs: 3_000 };
/** Nobody needs a wake-up kept through a loss of power. */
const LIMITS: Limits = { statementMs: 5_000, lockMs: 5_000, sessionSettings: { synchronous_commit: 'off' } };

export class Listening implements Messenger {
  readonly #databaseUrl: string;
  readonly #outage: Outage;
  readonly #times: typeof BEAT;
  #heard: Heard | undefined;
  #connection: OwnConnection | undefined;
  #beating: NodeJS.Timeout | undefined;
  #reconnecting: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param databaseUrl leads to Postgres, or to a pooler that keeps sessions */
  constructor(databaseUrl: string, outage: Outage, times = BEAT) {
    this.#databaseUrl = databaseUrl;
    this.#outage = outage;
    this.#times = times;
  }

  async open(heard: Heard): Promise<void> {
    this.#heard = heard;
    const connection = await openConnection(this.#databaseUrl, LIMITS, this.#outage);
    connection.onNotification((topic) => heard.topic(topic));
    connection.onEnd(() => this.#lost(connection));
    try {
      const backend = await connection.backend();
      await connection.query(`listen ${CHANNEL}`);
      if (this.#closed) return connection.end();
      this.#connection = connection;
      this.#beat(connection, backend);
    } catch (error) {
      await connection.end();
      throw error;
    }
    heard.ready();
  }

  isReady(): boolean {
    return this.#connection !== undefined;
  }

  async catchUp(): Promise<void> {
    this.#heard?.missed();
  }

  /** What fails goes with the connection; the next one begins with it. */
  async tell(topics: readonly Topic[]): Promise<void> {
    const connection = this.#connection;
    if (!connection) throw new Error('there is no connection to tell it by');
    try {
      await connection.query(TELL, toTell(topics));
    } catch (error) {
      this.#lost(connection);
      throw error;
    }
  }

  /** It hears all the time. */
  waited(): void {}

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#reconnecting);
    clearTimeout(this.#beating);
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.end();
  }

  /** One that does not answer in time, or another session for it, is given up, and is then lost. */
  #beat(connection: OwnConnection, backend: number | undefined): void {
    this.#beating = setTimeout(() => {
      connection.backend(this.#times.patienceMs).then(
        (now) => {
          if (now !== backend) return this.#lost(connection);
          if (this.#connection === connection) this.#beat(connection, backend);
        },
        () => this.#lost(connection),
      );
    }, this.#times.everyMs);
  }

  #lost(connection: OwnConnection): void {
    if (this.#closed || this.#connection !== connection) return;
    this.#connection = undefined;
    clearTimeout(this.#beating);
    void connection.end();
    this.#reconnect(RECONNECT_MIN_MS);
  }

  #reconnect(delayMs: number): void {
    this.#reconnecting = setTimeout(() => {
      const heard = this.#heard;
      if (!heard) return;
      this.open(heard).then(
        // What was notified meanwhile is unknown.
        () => heard.missed(),
        () => this.#reconnect(Math.min(delayMs * 2, RECONNECT_MAX_MS)),
      );
    }, delayMs);
  }
}
