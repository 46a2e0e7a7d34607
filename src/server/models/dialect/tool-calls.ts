// Puts the parts of an answer's tool calls together, whatever index and id they come with. A call is told when it
// is whole: nobody can act on a part of it, and only then can its arguments be read. Called by normaliser.ts.
import type { CallPiece } from './answer-piece.ts';
import { BadAnswer } from './bad-answer.ts';
import { CallArguments } from './call-arguments.ts';
import { createCallIds } from './call-ids.ts';
import { type CallPart, callPartsOf } from './call-parts.ts';

export interface CallReader {
  /**
   * @param said the delta of a chunk, or the message of a whole completion
   * @returns the beginnings of calls, and an empty part of each that goes on: whoever waits sees that it does
   * @throws BadAnswer when it becomes too much
   */
  push(said: Record<string, unknown>, as: { isMessage: boolean }): CallPiece[];
  /** The arguments of all calls, when nothing follows. */
  end(): CallPiece[];
  /** What is to be sent back with a call, by its id. */
  readonly extras: readonly { id: string; extra: Record<string, unknown> }[];
  /** How many calls there are by now. */
  readonly count: number;
  /** What the model has written and no piece has told yet. */
  readonly heldBytes: number;
}

interface Asked {
  messages: readonly object[];
  tools?: readonly object[] | null | undefined;
}

interface Call {
  index: number | null;
  /** The upstream's; all that it has had. */
  ids: Set<string>;
  name: string;
  arguments: CallArguments;
  isFree: boolean;
  /** It is one only if arguments follow: the name of the call before it came again. */
  isDoubtful: boolean;
  extra: Record<string, unknown>;
  /** Counted from 0 as they became calls; null: it is none yet. */
  place: number | null;
  /** The id in the standard stream; null: its beginning has not been told. */
  id: string | null;
}

/** No model writes as much in one answer; what is held is bounded. */
const MOST_CALLS = 1_000;
const MOST_BYTES = 8 * 1024 * 1024;

export function createCallReader(asked: Asked): CallReader {
  const ids = createCallIds(asked.messages);
  const offered = offeredNames(asked.tools ?? []);
  const calls: Call[] = [];
  let count = 0;
  let bytes = 0;

  const begin = (call: Call): CallPiece => {
    const name = fittingName(call.name, offered);
    const [own = null] = call.ids;
    call.id = ids.idFor(own, name);
    return { index: call.place ?? 0, id: call.id, name, arguments: '' };
  };
  /** In their order: some clients keep that in which they hear of them. */
  const beginUntil = (call: Call): CallPiece[] => {
    const before = calls
      .slice(0, calls.indexOf(call))
      .filter(({ id, place, name }) => id === null && place !== null && name !== '');
    return [...before, call].map(begin);
  };
  const take = (part: CallPart, call: Call): void => {
    if (part.index !== null) call.index ??= part.index;
    if (part.id !== null) call.ids.add(part.id);
    call.isFree ||= part.isFree;
    if (part.extra !== null) Object.assign(call.extra, part.extra);
    const before = call.arguments.bytes;
    if (part.name !== null) nameCall(call, part.name, offered);
    const text = textOf(part.arguments);
    if (isValue(part.arguments) && !call.isFree) call.arguments.replace(text);
    else call.arguments.add(text);
    bytes += call.arguments.bytes - before;
    if (isCall(call)) call.place ??= count++;
    if (bytes > MOST_BYTES) throw new BadAnswer(`wrote tool calls of more than ${MOST_BYTES} bytes`);
  };
  const newCall = (isDoubtful: boolean): Call => {
    if (calls.length >= MOST_CALLS) throw new BadAnswer(`made more than ${MOST_CALLS} tool calls`);
    const call: Call = {
      index: null,
      ids: new Set(),
      name: '',
      arguments: new CallArguments(),
      isFree: false,
      isDoubtful,
      extra: {},
      place: null,
      id: null,
    };
    calls.push(call);
    return call;
  };

  return {
    push(said, { isMessage }) {
      const parts = callPartsOf(said);
      const pieces: CallPiece[] = [];
      const touched = new Set<Call>();
      for (const [place, part] of parts.entries()) {
        const isWhole = isMessage && part.name !== null && isWholeText(textOf(part.arguments));
        const told = isWhole ? toldCall(calls, part, place) : null;
        if (told?.arguments.isWhole) continue;
        told?.arguments.replace('');
        const found = isWhole ? null : callOf(part, calls, { place, of: parts.length, offered, touched });
        const goesOn = told ?? (found?.goesOn ? found.call : null);
        const call = goesOn ?? newCall(found !== null && isRepeatedName(part, found.call));
        touched.add(call);
        take(part, call);
        if (call.id !== null) pieces.push({ index: call.place ?? 0, arguments: '' });
        // Before its arguments come, its name may still grow.
        else if (call.name !== '' && call.arguments.hasBegun) pieces.push(...beginUntil(call));
      }
      return pieces;
    },
    end() {
      bytes = 0;
      return calls.filter(isCall).flatMap((call) => {
        call.name ||= nameOfNone(offered);
        const index = call.place ?? 0;
        const beginning = call.id === null ? [begin(call)] : [];
        const extra = Object.keys(call.extra).length > 0 && { extra: call.extra };
        return [...beginning, { index, arguments: call.arguments.text(call.isFree), ...extra }];
      });
    },
    get extras() {
      return calls.flatMap(({ id, extra }) =>
        id === null || Object.keys(extra).length === 0 ? [] : [{ id, extra }],
      );
    },
    get count() {
      return count;
    },
    get heldBytes() {
      return bytes;
    },
  };
}

/** Deltas with neither a name nor arguments are nothing. */
function isCall({ name, arguments: args, isDoubtful }: Call): boolean {
  return args.hasBegun || (name !== '' && !isDoubtful);
}

function isValue(value: unknown): boolean {
  return value !== undefined && typeof value !== 'string';
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
}

function isWholeText(text: string): boolean {
  const args = new CallArguments();
  args.add(text);
  return !args.hasBegun || args.isWhole;
}

interface Among {
  /** Which part of the event it is, of how many. */
  place: number;
  of: number;
  offered: ReadonlySet<string>;
  /** The calls of which this event has said something already. */
  touched: ReadonlySet<Call>;
}

/** The call that a part is likely of, and whether it goes on with it or begins another. */
function callOf(part: CallPart, calls: readonly Call[], among: Among): { call: Call; goesOn: boolean } | null {
  const { id, index, name } = part;
  const sameId = id === null ? undefined : calls.findLast((call) => call.ids.has(id) && isAt(call, index));
  const call = sameId ?? placeOf(part, calls, among);
  if (call === undefined) return null;
  if (name !== null && index === null && sameId === undefined && among.touched.has(call)) return null;
  return { call, goesOn: !beginsAnother(part, call, sameId !== undefined, among.offered) };
}

function isAt(call: Call, index: number | null): boolean {
  return call.index === null || index === null || index === call.index;
}

/** By the index, else by the place in the event, else the one that was begun last. */
function placeOf({ index, name }: CallPart, calls: readonly Call[], { place, of }: Among): Call | undefined {
  const last = calls.at(-1);
  if (index !== null) {
    const indexed = calls.findLast((call) => call.index === index);
    // Or it was begun without the index that comes now.
    return indexed ?? (last?.index === null && name === null ? last : undefined);
  }
  return of > 1 && name === null && calls.length >= of ? calls[calls.length - of + place] : last;
}

function beginsAnother(part: CallPart, call: Call, isSameId: boolean, offered: ReadonlySet<string>): boolean {
  const { arguments: args } = call;
  const text = textOf(part.arguments);
  const isWhole = args.isWhole && !args.isEmpty;
  const isOther = isWhole && text.trimStart().startsWith('{') && !args.isSame(text);
  if (call.name === '') return isOther && part.name !== null;
  // Some make a new id for each part of a call.
  if (part.name === null) return isOther && !isSameId && part.id !== null && call.ids.size > 0;
  if (isOther) return true;
  const isRepeated = part.name === call.name && isWhole && text.trim() === '';
  if (isSameId) return isRepeated;
  if (part.id !== null && call.ids.size > 0) {
    // Under one index with ids of their own; or one call of which all is told anew with each part.
    return part.name !== call.name || !args.hasBegun || args.isWhole || text.trimStart().startsWith('{');
  }
  if (part.name === call.name) return isRepeated;
  return args.hasBegun || !growsInto(call.name, part.name, offered);
}

/** Whether a part may be no more than the name of its call, told again at the end. */
function isRepeatedName(part: CallPart, call: Call): boolean {
  if (part.name !== call.name || textOf(part.arguments).trim() !== '') return false;
  return part.id === null || call.ids.has(part.id);
}

/** Whether a name that came in parts goes on with this one. */
function growsInto(name: string, more: string, offered: ReadonlySet<string>): boolean {
  if (name === '' || more.startsWith(name)) return true;
  return !(offered.has(name) && offered.has(more)) && [...offered].some((each) => each.startsWith(name + more));
}

function nameCall(call: Call, name: string, offered: ReadonlySet<string>): void {
  if (call.name === '') call.name = name;
  else if (call.id !== null || call.name === name) return;
  else if (name.startsWith(call.name)) call.name = name;
  else if (growsInto(call.name, name, offered)) call.name += name;
}

/** The whole message after its deltas: the call that has been told already. */
function toldCall(calls: readonly Call[], part: CallPart, place: number): Call | null {
  const byId = part.id === null ? undefined : calls.find(({ ids }) => ids.has(part.id ?? ''));
  const there = byId ?? calls[place];
  if (there === undefined || there.name !== part.name) return null;
  return there.arguments.isWhole && !there.arguments.isSame(textOf(part.arguments)) ? null : there;
}

function offeredNames(tools: readonly object[]): ReadonlySet<string> {
  const names = (tools as readonly Record<string, Record<string, unknown> | undefined>[]).map(
    (tool) => tool['function']?.['name'] ?? tool['custom']?.['name'],
  );
  return new Set(names.filter((name) => typeof name === 'string'));
}

/** What models and servers put around the names of tools. */
const AROUND = /^(?:functions?|tools?|default_api|namespace)[.:/]|<\|[\s\S]*$|\(\)$/g;
const NAME_LENGTH = 64;

/** The tool's, where one of that name is offered; else one that every upstream takes back. */
function fittingName(name: string, offered: ReadonlySet<string>): string {
  if (offered.has(name)) return name;
  const bare = name.trim().replace(AROUND, '').trim();
  if (offered.has(bare)) return bare;
  return bare.replace(/[^A-Za-z0-9_-]+/g, '_').slice(0, NAME_LENGTH) || nameOfNone(offered);
}

/** For a call that names no tool: it is told, and no tool is there to run it. */
function nameOfNone(offered: ReadonlySet<string>): string {
  let name = 'unnamed';
  while (offered.has(name)) name += '_';
  return name;
}
