// operations.json: what is kept of an OpenAPI document, and what an imported pack's commands are made from.
import { z } from 'zod';
import type { JsonSchema } from '../protocol/manifest.ts';

export interface Place {
  in: 'path' | 'query' | 'header' | 'body' | 'whole body';
  /** What the platform calls it, where that is not the input's own name. */
  name?: string;
  /** How a list or an object is written in a query or a path; without it as one text. */
  form?: 'repeated' | 'commas' | 'spaces' | 'pipes' | 'brackets' | 'json';
}

export interface Operation {
  /** Its operationId, or method and path: what overrides.json calls it. */
  id: string;
  noun: string;
  verb: string;
  summary: string;
  /** In capitals, or as the document writes one that is not HTTP's own. */
  method: string;
  /** As the document has it: `/repos/{owner}`. */
  path: string;
  deprecated?: true;
  public?: true;
  properties: Record<string, JsonSchema>;
  required: string[];
  places: Record<string, Place>;
  /** The media type of its body, where it takes one. */
  sends?: string;
  /** The media type of its answer; without it it answers nothing. */
  accepts?: string;
  /** What it answers: an object as it is, a list as `items`, anything else as `value`. */
  answers: 'object' | 'list' | 'value' | 'nothing';
  /** Of the object or of the list's items, as the document has it. */
  fields: Record<string, JsonSchema>;
}

/** How a platform is told who calls. */
export type Credential =
  | { kind: 'bearer' }
  | { kind: 'basic' }
  | { kind: 'header'; name: string }
  | { kind: 'query'; name: string };

export interface OperationsFile {
  title: string;
  version: string;
  sha256: string;
  /** Where the document says that the platform is; null: it names no complete address. */
  server: string | null;
  credential: Credential;
  /** What was asked for, where that was not all. */
  chosen?: { only: readonly string[]; except: readonly string[] };
  operations: Operation[];
}

/** Enough to refuse another file: it is written by the import alone. */
export const OperationsFile = z.custom<OperationsFile>(
  (value) =>
    z
      .object({
        title: z.string(),
        credential: z.object({ kind: z.string() }),
        operations: z.array(z.object({ id: z.string() })),
      })
      .safeParse(value).success,
  'is not what seed packs import writes',
);
