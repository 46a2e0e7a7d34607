// What servers wake each other for, and how it is told: to those who listen by NOTIFY, and to those who cannot by
// sequences, which they poll. Used by signals.ts and its two ways to hear, listening.ts and polling.ts.

export const CHANNEL = 'seed';

export type Topic =
  | 'queue'
  | 'keys'
  | 'models'
  | 'webhooks'
  | 'approvals'
  | 'schedules'
  | 'batches'
  | 'background'
  | 'accounts'
  | `background:${string}`
  | `task:${string}`
  | `ended:${string}`
  | `runner:${string}`
  | `idempotency:${string}`
  | `spend:${string}`
  | `approval:${string}`
  | `webhook-events:${string}`
  | `webhook-test:${string}`;

const ENDED = 'ended:';

/** The task that the topic says has ended. */
export const endedTask = (topic: string) => (topic.startsWith(ENDED) ? topic.slice(ENDED.length) : null);

/** These have a sequence each, the last one all ends of tasks together; all other topics share the rest. */
const OWN_SEQUENCE = ['queue', 'keys', 'models', 'webhooks', 'approvals', ENDED];
const SHARED = 10;

/** Migration 0052 makes them. */
export const SEQUENCES: readonly string[] = Array.from(
  { length: OWN_SEQUENCE.length + SHARED },
  (_, index) => `signals_${index}`,
);
export const ENDS_SEQUENCE = `signals_${OWN_SEQUENCE.indexOf(ENDED)}`;

/** The sequence that moves when the topic is told. */
export function sequenceOf(topic: string): string {
  const own = OWN_SEQUENCE.indexOf(endedTask(topic) === null ? topic : ENDED);
  if (own >= 0) return `signals_${own}`;
  let sum = 0;
  for (let at = 0; at < topic.length; at += 1) sum = (sum * 31 + topic.charCodeAt(at)) >>> 0;
  return `signals_${OWN_SEQUENCE.length + (sum % SHARED)}`;
}

/**
 * Tells topics ($2) in the channel ($1) and moves their sequences ($3), and answers where these are now. In a
 * statement of its own: a sequence moves at once, also for a transaction that is not committed yet.
 */
export const TELL = `select pg_notify($1, topic)::text as name, 0::bigint as place from unnest($2::text[]) as topic
  union all select name, nextval(name::regclass) from unnest($3::text[]) as name`;

export interface Moved {
  name: string;
  place: number;
}

export function toTell(topics: readonly Topic[]): [string, readonly Topic[], string[]] {
  return [CHANNEL, topics, [...new Set(topics.map(sequenceOf))]];
}

/** What comes from other servers. */
export interface Heard {
  topic(topic: string): void;
  /** One of the topics of these sequences. */
  oneOf(sequences: ReadonlySet<string>): void;
  /** Anything may have been told meanwhile. */
  missed(): void;
  /** Telling works, perhaps again. */
  ready(): void;
}

/** One of the two ways to tell other servers and to hear them. */
export interface Messenger {
  /** Throws when the database cannot be reached; afterwards what is lost only delays wake-ups. */
  open(heard: Heard): Promise<void>;
  /** Whether it is of any use to tell now. */
  isReady(): boolean;
  /** Rejects when it is not known whether anybody has heard; `ready` says when to try again. */
  tell(topics: readonly Topic[]): Promise<void>;
  /** Whether anybody waits to be woken. */
  waited(anybody: boolean): void;
  /** Hears at once what was told while this process stood still. */
  catchUp(): Promise<void>;
  close(): Promise<void>;
}
