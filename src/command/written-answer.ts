// An answer that was checked against what its command declares, and written as JSON, before anybody asked: for a
// thing that does not change any more and that many ask for. Checking and writing take a tenth of what `tasks get`
// takes in all.
import type { z } from 'zod';

export class WrittenAnswer<Output extends object = object> {
  readonly output: Output;
  readonly json: string;

  /** @throws ZodError for a result that is not what the command declares */
  constructor(declared: z.ZodType<Output>, result: unknown) {
    this.output = declared.parse(result);
    this.json = JSON.stringify(this.output);
  }
}
