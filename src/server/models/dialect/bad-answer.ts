// What an upstream sent is no answer, or not a whole one. The gateway makes its own error of it
// (../read-answer.ts).

/** The message continues "the LLM upstream …". */
export class BadAnswer extends Error {
  override name = 'BadAnswer';
}
