// What a command has answered, checked against what it declares, so that nothing else leaves the server, and written as JSON.
// Called by the command routes.
import type { z } from 'zod';

export interface CheckedAnswer {
  output: object;
  json: string;
}

/**
 * Prepares the check of one command's results against the output that it declares. A result of one thing that is frozen is the same as long as that thing is kept:
 * it is checked and written once, however many ask for it.
 * @returns throws a ZodError for a result that is not what the command declares
 */
export function answerChecker(declared: z.ZodObject): (result: object) => CheckedAnswer {
  const known = new WeakMap<object, CheckedAnswer>();
  return (result) => {
    const thing = frozenThing(result);
    const before = thing && known.get(thing);
    if (before) return before;
    const answer = written(declared.parse(result));
    if (thing) known.set(thing, answer);
    return answer;
  };
}

export function written(output: object): CheckedAnswer {
  return { output, json: JSON.stringify(output) };
}

function frozenThing(result: object): object | null {
  const [thing, ...others] = Object.values(result) as unknown[];
  return typeof thing === 'object' && Object.isFrozen(thing) && others.length === 0 ? thing : null;
}
