// An answer that was checked against its command and written as JSON before anybody asked: for what never changes
// and many ask for. Checking and writing take a tenth of what `tasks get` takes in all.
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
