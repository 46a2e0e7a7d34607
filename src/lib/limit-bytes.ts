// A stream that passes on everything up to a limit. Used at both ends of a sandbox's stream.
import { Transform } from 'node:stream';
import { SeedError } from '../protocol/errors.ts';

/** Fails with body_too_large after `maxBytes`. */
export function limitBytes(maxBytes: number): Transform {
  let size = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      if (size > maxBytes) done(new SeedError('body_too_large', `the body is larger than ${maxBytes} bytes`));
      else done(null, chunk);
    },
  });
}
