// Tells "there is none" from "I could not look": who has no file descriptor left has seen nothing.

/** What the host, or this process, has run out of just now. */
const SHORT_OF_SOMETHING: readonly unknown[] = ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN'];

/** For a look that may fail: the value where there is nothing to be seen; rejects where this process could not look. */
export function unlessShort<Value>(value: Value): (error: NodeJS.ErrnoException) => Value {
  return (error) => {
    if (SHORT_OF_SOMETHING.includes(error.code)) throw error;
    return value;
  };
}
