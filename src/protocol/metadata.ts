// Labels that callers keep with their things, text to text.
import { z } from 'zod';
import { keptText } from './kept-text.ts';
import { LIMITS } from './limits.ts';
import { utf8Length } from './text.ts';

export const Metadata = z
  .record(keptText.max(100), keptText.max(1000))
  .refine((value) => utf8Length(JSON.stringify(value)) <= LIMITS.metadataBytes, {
    message: `metadata is larger than ${LIMITS.metadataBytes} bytes`,
  });
