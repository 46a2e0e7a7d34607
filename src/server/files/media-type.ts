// The media type of a file by the ending of its name.
import { getMimeType } from 'hono/utils/mime';

export function mediaTypeOf(name: string): string {
  return getMimeType(name) ?? 'application/octet-stream';
}
