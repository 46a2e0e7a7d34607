// The answers of commands that read: run once for all who ask for the same at the same time, and written as JSON
// by what the command declares. Called for each of them by command-calls.ts: every list profits from what is here.
import type { Call } from '../../command/call.ts';
import { type ObjectCommand, WrittenAnswer } from '../../command/define-command.ts';
import { serializerOf } from '../../command/serializer.ts';
import { createSharedRuns, type SharedRuns } from '../../lib/shared-runs.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Key } from '../../protocol/key.ts';

export interface ReadNeeds {
  /** Aborted when the server begins to stop. */
  stopping: AbortSignal;
  /** Whether every value of every answer is checked against what the command declares, and not only the types. */
  checksAnswers: boolean;
}

/** The command's answer to the input, as JSON. */
export type ReadAnswer = (input: unknown, call: Call) => Promise<string>;

export function answerReader(command: ObjectCommand, needs: ReadNeeds): ReadAnswer {
  const write = answerWriter(command, needs);
  const read: ReadAnswer = async (input, call) => write(await command.run(input as never, call, undefined));
  return command.shared ? sharedReader(read, needs) : read;
}

/** @throws ZodError for a result that is not what the command declares: nothing else leaves the server */
function answerWriter({ name, output }: ObjectCommand, { checksAnswers }: ReadNeeds): (result: object) => string {
  const serialize = serializerOf(output);
  return (result) => {
    if (result instanceof WrittenAnswer) return result.json;
    const json = serialize(result);
    if (json !== null && !checksAnswers) return json;
    const checked = new WrittenAnswer(output, result).json;
    if (json === null || json === checked) return checked;
    throw new SeedError('internal', `the answer of "${name}" is written otherwise than it is declared`);
  };
}

/**
 * Calls at the same time with the same key and input are one run. Whoever asks while one is under way gets the
 * answer of the next. It goes on although who began it has gone: others may wait for it.
 */
function sharedReader(read: ReadAnswer, { stopping }: ReadNeeds): ReadAnswer {
  // The key as it was looked up: one that has changed meanwhile is another object.
  const byKey = new WeakMap<Key, SharedRuns<string>>();
  const never = new AbortController().signal;
  return (input, call) => {
    const { key } = call.actor;
    let runs = byKey.get(key);
    if (!runs) {
      runs = createSharedRuns();
      byKey.set(key, runs);
    }
    const shared = { ...call, gone: () => never, waiting: () => stopping };
    return runs(JSON.stringify(input), () => read(input, shared));
  };
}
