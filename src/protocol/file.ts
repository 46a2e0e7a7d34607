// Files that go into a task's sandbox and artifacts that come out of it.
import { z } from 'zod';
import { clashingName, fileNameProblem } from './file-name.ts';
import { keptText } from './kept-text.ts';
import { LIMITS } from './limits.ts';

/** As whoever gives it writes it: of files that packs take. */
export const GivenFileName = z.string().superRefine((name, context) => {
  const problem = fileNameProblem(name);
  if (problem !== null) context.addIssue({ code: 'custom', message: problem });
});

/** As it is kept: macOS writes an ü in two parts, and asks for it in one. */
export const FileName = keptText.pipe(GivenFileName);

/** type/subtype, with parameters. Nothing else may get into a header. */
export const MediaType = z.string().regex(/^[\w.+-]{1,60}\/[\w.+-]{1,60}(?:; ?[\w-]{1,30}=[\w.+-]{1,60})*$/, {
  message: 'this is no media type, such as text/csv',
});

/** What came with a request and lies in a file of the server's until the request is over. */
export class ReceivedContent {
  readonly size: number;
  /** Hexadecimal. */
  readonly sha256: string;
  /** Private, so that it is in no JSON made of this. */
  readonly #path: string;

  constructor(path: string, size: number, sha256: string) {
    this.#path = path;
    this.size = size;
    this.sha256 = sha256;
  }

  get path(): string {
    return this.#path;
  }
}

/** Looks for what it is not: a pattern of all that it is would take stack for every letter of 16 MB. */
function isBase64(text: string): boolean {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return text.length % 4 === 0 && !/[^A-Za-z0-9+/]/.test(text.slice(0, text.length - padding));
}

/** Base64 in JSON; what came as a part of a multipart body is received already. */
const Content = z
  .custom<string | ReceivedContent>(
    (value) => value instanceof ReceivedContent || (typeof value === 'string' && isBase64(value)),
    'this is not base64',
  )
  .meta({ type: 'string', contentEncoding: 'base64' });

export const GivenFile = z.object({
  name: FileName.describe('Its path below /workspace/in'),
  content: Content.describe('Base64'),
  type: MediaType.optional().describe('Its media type; omitted: by its name'),
});
export type GivenFile = z.infer<typeof GivenFile>;

/** One whose content has been received. */
export type ReceivedFile = Omit<GivenFile, 'content'> & { content: ReceivedContent };

export function isReceived(file: GivenFile): file is ReceivedFile {
  return file.content instanceof ReceivedContent;
}

export const GivenFiles = z
  .array(GivenFile)
  .max(LIMITS.filesPerTask, `a task takes at most ${LIMITS.filesPerTask} files`)
  .superRefine((files, context) => {
    const clash = clashingName(files.map(({ name }) => name));
    const message = `the name "${clash}" is there twice, or is also a folder`;
    if (clash !== null) context.addIssue({ code: 'custom', message });
  });

/** A file as it is kept. */
export const KeptFile = z
  .object({
    name: z.string(),
    size: z.number().int().nonnegative().describe('Bytes'),
    type: z.string().describe('Media type'),
    sha256: z.string().describe('Of its content, hexadecimal'),
  })
  .meta({ id: 'File' });
export type KeptFile = z.infer<typeof KeptFile>;
