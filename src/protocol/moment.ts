// A point in time that callers give: ISO-8601 with Z or an offset. In UTC it lies in the years 1 to 9999, beyond which it
// could not be written back in the same form.
import { z } from 'zod';

export const Moment = z.iso.datetime({ offset: true }).refine((text) => {
  const year = new Date(text).getUTCFullYear();
  return year >= 1 && year <= 9999;
}, 'a time lies in the years 1 to 9999, in UTC');
