// Labels that callers keep with their things, text to text.
import { z } from 'zod';
import { LIMITS } from './limits.ts';

export const Metadata = z
  .record(z.string().max(100), z.string().max(1000))
  .refine((value) => new TextEncoder().encode(JSON.stringify(value)).length <= LIMITS.metadataBytes, {
    message: `metadata is larger than ${LIMITS.metadataBytes} bytes`,
  });
