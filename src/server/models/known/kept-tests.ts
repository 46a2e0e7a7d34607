// The tests of models in the database, where all servers have them: when one may begin, and what came of the last.
// Owned by server.ts; asked by known-models.ts and by the command `models test`.
import { sql } from 'kysely';
import type { Store } from '../../../db/store.ts';
import { notify } from '../../../db/telling.ts';
import type { Logger } from '../../../lib/log.ts';
import { logFailure } from '../../../lib/log.ts';
import { SeedError } from '../../../protocol/errors.ts';
import { LIMITS } from '../../../protocol/limits.ts';
import { ModelTest } from '../../../protocol/model.ts';
import type { ModelFacts } from '../model-profile.ts';

const MINUTE_MS = 60_000;
/** Of all models together; the oldest are forgotten. */
const KEPT_MOST = 1_000;

interface Kept {
  test: ModelTest;
  toolCalls: 'native' | 'text' | null;
}

/** Whose model it is: the address of its upstream. */
export type UpstreamOf = (model: string) => string;

export class KeptTests implements Disposable {
  readonly #store: Store;
  readonly #upstreamOf: UpstreamOf;
  readonly #log: Logger;
  readonly #watching: Disposable;
  #tests = new Map<string, Kept>();
  #reading: Promise<void> = Promise.resolve();

  constructor(store: Store, upstreamOf: UpstreamOf, log: Logger) {
    this.#store = store;
    this.#upstreamOf = upstreamOf;
    this.#log = log;
    this.#watching = store.signals.watch('models', () => void this.read());
  }

  /** Reads what other servers have found out, after what is being read. Never rejects. */
  read(): Promise<void> {
    this.#reading = this.#reading
      .then(() => this.#read())
      .catch((error) => logFailure(this.#log, error, 'could not read the tests of models'));
    return this.#reading;
  }

  of(model: string): ModelTest | null {
    return this.#kept(model)?.test ?? null;
  }

  #kept(model: string): Kept | undefined {
    return this.#tests.get(keyOf(this.#upstreamOf(model), model));
  }

  /** What a test says for the calls that follow: how the model calls tools. */
  factsOf(model: string): ModelFacts {
    const toolCalls = this.#kept(model)?.toolCalls ?? null;
    return toolCalls === null ? {} : { toolCalls };
  }

  /**
   * Begins a test: of one model at most one in ten seconds, and of one account a few a minute, on all servers.
   * @throws SeedError too_many_requests
   */
  async begin(model: string, accountId: string): Promise<void> {
    const { db, clock } = this.#store;
    const now = clock.now();
    const minuteAgo = new Date(now.getTime() - MINUTE_MS);
    const lately = new Date(now.getTime() - LIMITS.modelTestPauseMs);
    const { rows } = await sql`
      insert into model_tests as known (upstream, model, account_id, begun_at)
      select ${this.#upstreamOf(model)}, ${model}, ${accountId}::uuid, ${now}
      where (select count(*) from model_tests where account_id = ${accountId}::uuid and begun_at > ${minuteAgo})
        < ${LIMITS.modelTestsPerMinute}
      on conflict (upstream, model) do update set begun_at = excluded.begun_at, account_id = excluded.account_id
      where known.begun_at <= ${lately}
      returning model`.execute(db);
    if (rows.length > 0) return;
    throw new SeedError('too_many_requests', 'this model, or many others, were tested a moment ago', {
      hint: `A model can be tested every ${LIMITS.modelTestPauseMs / 1000} s, and ${LIMITS.modelTestsPerMinute} models a minute by one account.`,
      retryAfterSeconds: LIMITS.modelTestPauseMs / 1000,
    });
  }

  /** What came of it, for all servers; the one before of the same model is forgotten. */
  async keep(test: ModelTest): Promise<void> {
    const toolCalls = test.toolCalls === 'none' ? null : test.toolCalls;
    await this.#store.db.transaction().execute(async (tx) => {
      await tx
        .updateTable('model_tests')
        .set({ result: JSON.stringify(test), ...(toolCalls !== null && { tool_calls: toolCalls }) })
        .where('upstream', '=', this.#upstreamOf(test.model))
        .where('model', '=', test.model)
        .execute();
      await sql`
        delete from model_tests where (upstream, model) in (
          select upstream, model from model_tests order by begun_at desc offset ${KEPT_MOST}
        )`.execute(tx);
      await notify(tx, 'models');
    });
    await this.read();
  }

  async #read(): Promise<void> {
    const rows = await this.#store.db
      .selectFrom('model_tests')
      .select(['upstream', 'model', 'result', 'tool_calls'])
      .where('result', 'is not', null)
      .execute();
    const read = rows.flatMap(({ upstream, model, result, tool_calls: toolCalls }) => {
      // One that an older or newer server wrote may have another form.
      const test = ModelTest.safeParse(result);
      return test.success ? [[keyOf(upstream, model), { test: test.data, toolCalls }] as const] : [];
    });
    this.#tests = new Map(read);
  }

  [Symbol.dispose](): void {
    this.#watching[Symbol.dispose]();
  }
}

const keyOf = (upstream: string, model: string) => `${upstream} ${model}`;
