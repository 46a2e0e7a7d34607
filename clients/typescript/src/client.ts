// The client: `seed.keys.list()`, `seed.tasks.run()`, and every command of the platform by its words.
import { type Commands, camelCase, createPlaces, type Place, requestOf } from './commands.ts';
import { SeedError } from './errors.ts';
import { streamed } from './events.ts';
import { COMMANDS } from './generated/commands.ts';
import type { Task } from './generated/types.ts';
import { ask, type CallOptions, type Connection, type Exchange, send } from './http.ts';
import { type Page, type PageOf, pages } from './pages.ts';
import { type TaskRun, taskRun } from './tasks.ts';

export interface SeedOptions {
  /** Of the server, such as https://seed.example.com. */
  url: string;
  /** An API key. Keep it out of web pages: whoever has it is you. */
  key: string;
  /** Missing: the runtime's. */
  fetch?: typeof fetch;
  /** How often a call is sent again after an answer that is no answer: 4 unless given. */
  retries?: number;
  /** With every request, such as credentials for the platforms of packs. */
  headers?: Record<string, string>;
}

/** What a command answers: a page and all pages, a stream of items, a file's Response, or its object. */
type Answer<Name extends keyof Commands> = Name extends 'tasks run'
  ? Promise<TaskRun>
  : Commands[Name] extends { item: infer Item; kind: 'list' }
    ? PageOf<Item>
    : Commands[Name] extends { item: infer Item; kind: 'stream' }
      ? AsyncIterable<Item>
      : Commands[Name] extends { kind: 'file' }
        ? Promise<Response>
        : Commands[Name] extends { answer: infer Object }
          ? Promise<Object>
          : never;

type Input<Name extends keyof Commands> = Commands[Name]['input'];

type Call<Name extends keyof Commands> =
  Record<never, never> extends Input<Name>
    ? (input?: Input<Name>, options?: CallOptions) => Answer<Name>
    : (input: Input<Name>, options?: CallOptions) => Answer<Name>;

/**
 * The type of the answer is the caller's word, and the schema in `output` what makes it true:
 * `seed.tasks.run<{ total: number }>({ instruction, output: { schema } })`.
 */
type RunTask = <Output = NonNullable<Task['output']>>(
  input: Input<'tasks run'>,
  options?: CallOptions,
) => Promise<TaskRun<Output>>;

type Camel<Word extends string> = Word extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Word;
type First<Name extends string> = Name extends `${infer Word} ${string}` ? Word : Name;
type After<Name extends string, Word extends string> = Name extends `${Word} ${infer Rest}` ? Rest : never;

/** A tree by the words of the names. */
type Tree<Name extends string, Above extends string = ''> = {
  [Word in First<Name> as Camel<Word>]: (Word extends Name
    ? `${Above}${Word}` extends infer Whole extends keyof Commands
      ? Whole extends 'tasks run'
        ? RunTask
        : Call<Whole>
      : unknown
    : unknown) &
    ([After<Name, Word>] extends [never] ? unknown : Tree<After<Name, Word>, `${Above}${Word} `>);
};

export type Seed = Tree<keyof Commands & string> & {
  /** Any command by its name, `keys list`. */
  call<Name extends keyof Commands>(name: Name, input?: Input<Name>, options?: CallOptions): Answer<Name>;
};

const DEFAULT_RETRIES = 4;

export function createSeed({ url, key, fetch: own, retries = DEFAULT_RETRIES, headers = {} }: SeedOptions): Seed {
  const connection: Connection = {
    url: url.replace(/\/+$/, ''),
    key,
    // Not as a method: browsers refuse a fetch that is called on another object.
    fetch: own ?? ((input, init) => fetch(input, init)),
    retries,
    headers,
  };
  const placeOf = createPlaces(connection);
  const names = new Map(Object.keys(COMMANDS).map((name) => [name.split(' ').map(camelCase).join('.'), name]));

  async function found(name: string): Promise<Place> {
    const place = await placeOf(name);
    if (place !== undefined) return place;
    throw new SeedError('not_found', `there is no command "${name}" that this key may use`);
  }

  const exchangeOf = (place: Place, input: Record<string, unknown>, options: CallOptions): Exchange => ({
    method: place.method,
    ...requestOf(place, input),
    ...options,
  });

  const page = async (name: string, input: Record<string, unknown>, options: CallOptions) =>
    (await ask(connection, exchangeOf(await found(name), input, options))) as Page<unknown>;

  async function object(name: string, input: Record<string, unknown>, options: CallOptions): Promise<unknown> {
    const place = await found(name);
    // It is iterated, and nothing is asked before.
    if (place.kind === 'stream') return undefined;
    const exchange = exchangeOf(place, input, options);
    if (place.kind === 'file') return send(connection, exchange);
    const body = await ask(connection, exchange);
    return name === 'tasks run' ? taskRun(connection, (body as { task: Task }).task) : body;
  }

  /** Sent at once; awaited it is the answer, and iterated the items where it has some. */
  function call(name: string, input: Record<string, unknown> = {}, options: CallOptions = {}) {
    const known = COMMANDS[name];
    if (known?.endsWith(' l'))
      return pages((cursor) => page(name, cursor === undefined ? input : { ...input, cursor }, options));
    const answer = object(name, input, options);
    return Object.assign(answer, {
      async *[Symbol.asyncIterator]() {
        // Whoever iterates hears of it here.
        answer.catch(() => undefined);
        const place = await found(name);
        if (place.kind === 'stream') return yield* streamed(connection, exchangeOf(place, input, options));
        const first = (await answer) as Page<unknown>;
        yield* pages(async (cursor) => (cursor === undefined ? first : page(name, { ...input, cursor }, options)));
      },
    });
  }

  /** Every word leads on, and is a command when it is called. */
  const tree = (words: readonly string[]): unknown =>
    new Proxy(() => undefined, {
      get: (_, word) => {
        // Nobody is to take it for a promise, or print it by its values.
        if (typeof word !== 'string' || word === 'then') return undefined;
        if (words.length === 0 && word === 'call') return call;
        return tree([...words, word]);
      },
      apply: (_, __, [input, options]: [Record<string, unknown>?, CallOptions?]) =>
        call(names.get(words.join('.')) ?? words.map(kebabCase).join(' '), input, options),
    });
  return tree([]) as Seed;
}

const kebabCase = (word: string) => word.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
