// What a client takes, by its Accept and Accept-Encoding headers (RFC 9110, section 12.5).
import { ENCODINGS, type Encoding } from './web-files.ts';

/** The smallest that the client takes; null: as it is. */
export function acceptedEncoding(header: string | undefined, offered: readonly Encoding[]): Encoding | null {
  const weights = weightsIn(header);
  const takes = (encoding: Encoding) => (weights.get(encoding) ?? weights.get('*') ?? 0) > 0;
  return ENCODINGS.find((encoding) => offered.includes(encoding) && takes(encoding)) ?? null;
}

/** Whether a page is asked for, as by a browser that opens an address. Programs that take anything are no browsers. */
export function acceptsHtml(header: string | undefined): boolean {
  return (weightsIn(header).get('text/html') ?? 0) > 0;
}

function weightsIn(header = ''): Map<string, number> {
  return new Map(
    header.split(',').map((part) => {
      const [name = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
      const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
      return [name, weight === undefined ? 1 : Number(weight)];
    }),
  );
}
