// Writes the audit log. A call that succeeded is written before it is answered. Calls that fail are written the
// first time and then summed up by the minute, so that a flood of them cannot fill the table.
import type { Context } from 'hono';
import type { Store } from '../../db/store.ts';
import { createBatches } from '../../lib/batches.ts';
import type { Loop } from '../../lib/every.ts';
import type { Logger } from '../../lib/log.ts';
import { REFUSED_STATUSES } from '../../protocol/audit.ts';
import { failureOf, SeedError } from '../../protocol/errors.ts';
import type { AuditedRoute, RecordDone } from '../http/gate.ts';
import type { HttpEnv } from '../http/http-types.ts';
import { insertAudit, type NewAuditEntry, NOBODY } from './audit.ts';

export type AuditedCall = Omit<NewAuditEntry, 'at' | 'calls'>;

const SUM_EVERY_MS = 60_000;
/** Kinds of failing calls told apart within a minute; those past it are summed up without their caller. */
const KINDS_MOST = 1_000;

/** Of calls that succeed at the same time: so many are written together, and so many such writes at a time. */
const TOGETHER = { most: 100, atOnce: 2 };

interface AuditTrailOptions {
  sumEveryMs?: number;
  kindsMost?: number;
  /** Told how many entries could not be written. */
  onLost?: (entries: number) => void;
}

/** Owns the sums of this minute; they are written when it is over and when the server stops. */
export class AuditTrail implements AsyncDisposable {
  readonly #store: Store;
  readonly #log: Logger;
  readonly #kindsMost: number;
  readonly #onLost: (entries: number) => void;
  readonly #writing: Loop;
  readonly #writeTogether: (entry: NewAuditEntry) => Promise<void>;
  #sums = new Map<string, NewAuditEntry>();

  constructor(
    store: Store,
    log: Logger,
    { sumEveryMs = SUM_EVERY_MS, kindsMost = KINDS_MOST, onLost = () => {} }: AuditTrailOptions = {},
  ) {
    this.#store = store;
    this.#log = log;
    this.#kindsMost = kindsMost;
    this.#onLost = onLost;
    this.#writeTogether = createBatches<NewAuditEntry, void>({
      ...TOGETHER,
      write: async (entries) => {
        await insertAudit(store.db, entries);
        return [];
      },
      separates: (error) => !(error instanceof SeedError && error.logged),
    });
    this.#writing = store.loops.every(
      { everyMs: sumEveryMs, flushes: true, name: 'write to the audit log', log },
      () => {
        const sums = [...this.#sums.values()].filter(({ calls }) => calls > 0);
        this.#sums = new Map();
        return this.#write(sums);
      },
    );
  }

  /** Never rejects: what cannot be written goes to the log. */
  async record(call: AuditedCall): Promise<void> {
    const entry = { ...call, at: this.#store.clock.now(), calls: 1 };
    if (call.status < 400) return this.#writeTogether(entry).catch((error) => this.#lost([entry], error));
    const own = [call.keyId ?? call.address, call.command, call.status, call.code].join(' ');
    if (this.#sums.has(own) || this.#sums.size < this.#kindsMost) return this.#sum(own, entry);
    return this.#sum(`anyone ${call.status}`, { ...entry, ...NOBODY, command: null, code: null });
  }

  /** Writes the sums so far and begins the next minute. */
  writeSums(): Promise<void> {
    return this.#writing.now();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing.stop();
    await this.writeSums();
  }

  /** The first of its kind is written at once; the sum then counts those after it. */
  async #sum(kind: string, entry: NewAuditEntry): Promise<void> {
    const sum = this.#sums.get(kind);
    if (sum) {
      sum.calls += 1;
      sum.at = entry.at;
      return;
    }
    this.#sums.set(kind, { ...entry, sessionId: null, target: null, requestId: null, calls: 0 });
    await this.#write([entry]);
  }

  async #write(entries: NewAuditEntry[]): Promise<void> {
    await insertAudit(this.#store.db, entries).catch((error) => this.#lost(entries, error));
  }

  #lost(entries: NewAuditEntry[], error: unknown): void {
    this.#log.error({ err: error, entries }, 'could not write to the audit log');
    this.#onLost(entries.length);
  }
}

/** As Gate.audited: records before the answer, or as soon as `recordDone` says that only the answer is to come. */
export async function audited(
  c: Context<HttpEnv>,
  audit: AuditTrail,
  route: AuditedRoute,
  answer: (recordDone: RecordDone) => Promise<Response>,
): Promise<Response> {
  let recorded = false;
  const record = async (status: number, code: string | null) => {
    if (route.effect === 'read' && !REFUSED_STATUSES.includes(status)) return;
    await audit.record({
      ...NOBODY,
      ...c.get('presented'),
      sessionId: c.get('session')?.id ?? null,
      address: c.get('address') ?? null,
      command: route.name,
      target: c.get('target') ?? null,
      status,
      code,
      requestId: c.get('requestId'),
    });
  };
  const recordDone: RecordDone = async (target, status) => {
    c.set('target', target);
    recorded = true;
    await record(status, null);
  };
  try {
    const response = await answer(recordDone);
    if (!recorded) await record(response.status, null);
    return response;
  } catch (error) {
    const { status, code } = failureOf(error);
    await record(status, code);
    throw error;
  }
}
