// What of an artifact is shown: text, CSV as rows, raster images. HTML and SVG are text here, never a page.
import type { ItemOf } from '../../../../api/seed.ts';

export type Artifact = ItemOf<'tasks artifacts list'>;

export type Preview =
  | { kind: 'text'; text: string; cut: boolean }
  | { kind: 'csv'; rows: string[][]; cut: boolean }
  | { kind: 'image'; content: Blob }
  | { kind: 'none'; why: string };

const TEXT_BYTES = 1_000_000;
const IMAGE_BYTES = 16_000_000;
/** Formats that can hold nothing but a picture. */
const IMAGES: readonly string[] = ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif'];

/** @param open asks for the content; not called when nothing can be shown. @throws AnswerError */
export async function readPreview(
  { name, type, size }: Pick<Artifact, 'name' | 'type' | 'size'>,
  open: () => Promise<Response>,
): Promise<Preview> {
  const [mediaType = ''] = type.toLowerCase().split(';');
  if (IMAGES.includes(mediaType)) {
    if (size > IMAGE_BYTES) return { kind: 'none', why: 'The image is too large to be shown here. Download it.' };
    return { kind: 'image', content: new Blob([await (await open()).arrayBuffer()], { type: mediaType }) };
  }
  const beginning = await readBeginning(await open());
  const text = textOf(beginning);
  if (text === null)
    return { kind: 'none', why: 'This is no text, so that nothing of it can be shown here. Download it.' };
  const cut = size > beginning.length;
  const separator = separatorOf(name, mediaType);
  if (separator) {
    const csv = parseCsv(text, separator);
    return { kind: 'csv', rows: csv.rows, cut: cut || csv.cut };
  }
  if (!cut && (mediaType === 'application/json' || name.endsWith('.json'))) {
    return { kind: 'text', text: indented(text), cut };
  }
  return { kind: 'text', text, cut };
}

async function readBeginning({ body }: Response): Promise<Uint8Array> {
  const beginning = new Uint8Array(TEXT_BYTES);
  let length = 0;
  const reader = body?.getReader();
  while (reader && length < TEXT_BYTES) {
    const { done, value } = await reader.read();
    if (done) return beginning.subarray(0, length);
    beginning.set(value.subarray(0, TEXT_BYTES - length), length);
    length = Math.min(TEXT_BYTES, length + value.length);
  }
  await reader?.cancel();
  return beginning.subarray(0, length);
}

/** @returns null for what is not UTF-8, or holds NUL as binary formats do */
function textOf(content: Uint8Array): string | null {
  try {
    // A stream, so that a character that the cut went through is no fault.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(content, { stream: true });
    return text.includes('\0') ? null : text;
  } catch {
    return null;
  }
}

function separatorOf(name: string, mediaType: string): ',' | '\t' | null {
  if (mediaType === 'text/csv' || name.endsWith('.csv')) return ',';
  return mediaType === 'text/tab-separated-values' || name.endsWith('.tsv') ? '\t' : null;
}

function indented(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    // It says it is JSON and is not: then as it is.
    return json;
  }
}

const ROWS_MOST = 200;
const COLUMNS_MOST = 50;
const CELL_MOST = 500;

/** `cut`: there are more rows or columns, or longer cells. */
export function parseCsv(text: string, separator: ',' | '\t'): { rows: string[][]; cut: boolean } {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let quoted = false;
  let cut = false;
  const endCell = () => {
    cut ||= cell.length > CELL_MOST || row.length === COLUMNS_MOST;
    if (row.length < COLUMNS_MOST) row.push(cell.slice(0, CELL_MOST));
    cell = '';
  };
  const endRow = () => {
    endCell();
    rows.push(row);
    row = [];
  };
  for (let index = text.startsWith('\ufeff') ? 1 : 0; index < text.length; index += 1) {
    if (rows.length === ROWS_MOST) return { rows, cut: true };
    const char = text.charAt(index);
    const next = text.charAt(index + 1);
    if (quoted && char === '"' && next === '"') {
      cell += '"';
      index += 1;
    } else if (char === '"' && (quoted || cell === '')) quoted = !quoted;
    else if (quoted) cell += char;
    else if (char === separator) endCell();
    else if (char === '\n') endRow();
    else if (char !== '\r' || next !== '\n') cell += char;
  }
  if (cell !== '' || row.length > 0) endRow();
  return { rows, cut };
}
