// Descriptions of a document as the one line that people and agents choose by.

/** Without markup, in one line, at most so long; whole sentences where one fits. */
export function oneLine(text: unknown, length: number): string {
  if (typeof text !== 'string') return '';
  const plain = text
    .replace(/<[^>]*>/g, ' ')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[*`]+/g, '')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  if (plain.length <= length) return plain;
  const sentence = /^.*?[.!?](?=\s)/.exec(plain)?.[0] ?? '';
  if (sentence !== '' && sentence.length <= length) return sentence;
  return `${plain
    .slice(0, length - 1)
    .replace(/\s+\S*$/, '')
    .toWellFormed()}…`;
}
