// Tells "there is none" from "I could not look": who has no file descriptor left has seen nothing.
import { isHostLack } from './host-lack.ts';

/** For a look that may fail: the value where there is nothing to be seen; rejects where this process could not look. */
export function unlessShort<Value>(value: Value): (error: unknown) => Value {
  return (error) => {
    if (isHostLack(error)) throw error;
    return value;
  };
}
