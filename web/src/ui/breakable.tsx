// A name or an address that is broken where it has a joint, and within a word only if there is no other way.
import { Fragment } from 'react';

/** Stands in a box with `wrap-break-word`, which leaves the words whole while there is room. */
export function Breakable({ text }: { text: string }) {
  return text.split(/(?<=[._/:])(?![._/:])/).map((part, at) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: parts of one text, which do not move
    <Fragment key={at}>
      {at > 0 && <wbr />}
      {part}
    </Fragment>
  ));
}
