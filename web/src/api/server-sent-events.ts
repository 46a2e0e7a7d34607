// Server-sent events (WHATWG HTML, section 9.2.6) out of the text of an answer, as it comes.

export interface ServerSentEvent {
  event: string;
  id: string | null;
  data: string;
}

/** @returns a function that takes the next piece of text and gives the events that are complete */
export function eventParser(): (text: string) => ServerSentEvent[] {
  let rest = '';
  return (text) => {
    const blocks = (rest + text).split('\n\n');
    rest = blocks.pop() ?? '';
    return blocks.flatMap((block) => eventOf(block) ?? []);
  };
}

/** Null for a block without data: a comment that keeps the line alive. */
function eventOf(block: string): ServerSentEvent | null {
  const fields = block.split('\n').map((line) => /^(\w+): ?(.*)$/s.exec(line));
  const valuesOf = (name: string) => fields.flatMap((field) => (field?.[1] === name ? [field[2] ?? ''] : []));
  const data = valuesOf('data');
  if (data.length === 0) return null;
  return {
    event: valuesOf('event').at(-1) ?? 'message',
    id: valuesOf('id').at(-1) ?? null,
    data: data.join('\n'),
  };
}
