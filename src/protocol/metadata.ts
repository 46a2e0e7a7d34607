// Labels that callers keep with their things, text to text.
import { z } from 'zod';
import { LIMITS } from './limits.ts';
import { utf8Length } from './text.ts';

export const Metadata = z
  .record(z.string().max(100), z.string().max(1000))
  .refine((value) => utf8Length(JSON.stringify(value)) <= LIMITS.metadataBytes, {
    message: `metadata is larger than ${LIMITS.metadataBytes} bytes`,
  });
