// operations.json: what is kept of an OpenAPI document, and what an imported pack's commands are made from.
import { z } from 'zod';
import type { JsonSchema } from '../protocol/manifest.ts';

export interface Place {
  in:
    | 'path'
    | 'query'
    /** All of the query (3.2). */
    | 'querystring'
    | 'header'
    | 'cookie'
    | 'body'
    /** Fields of the body that have no names of their own: an object of them. */
    | 'body fields'
    | 'whole body'
    /** Which of several media types the body has. */
    | 'content type';
  /** What the platform calls it, where that is not the input's own name. */
  name?: string;
  /** How it is written there; without it as one text, and in JSON as it is. */
  form?: Form;
  /** Its reserved characters are sent as they are (`allowReserved`); of a cookie all. */
  reserved?: true;
  /** Of a part of a multipart body: its media type. */
  type?: string;
}

/**
 * OpenAPI's styles with and without `explode` (3.1, section 4.8.12.2). `repeated` is the style form, exploded;
 * `commas` form or simple; `pairs` simple, exploded; `brackets` deepObject; `labels` and `matrices` are exploded;
 * `file` stands for bytes, in Seed with a name and as base64; `lines` for a list that is written item by item.
 */
export type Form =
  | 'repeated'
  | 'commas'
  | 'spaces'
  | 'pipes'
  | 'brackets'
  | 'json'
  | 'pairs'
  | 'label'
  | 'labels'
  | 'matrix'
  | 'matrices'
  | 'file'
  | 'lines';

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
  /** As they are shown: one level of their fields. */
  properties: Record<string, JsonSchema>;
  /** What the document says of those of which that is not all. */
  whole?: Record<string, JsonSchema>;
  required: string[];
  /** Of a body that need not be: what it must have once it has anything. */
  together?: string[];
  places: Record<string, Place>;
  /** The media type of its body, where it takes one. */
  sends?: string;
  /** The media type of its answer; without it it answers nothing. */
  accepts?: string;
  /** What it answers: an object as it is, a list as `items`, bytes as a file, anything else as `value`. */
  answers: 'object' | 'list' | 'value' | 'nothing' | 'file';
  /** Of the object or of the list's items, as the document has it. */
  fields: Record<string, JsonSchema>;
  /** What the document says of its answer. */
  answer?: JsonSchema;
}

/** Where a platform gives access tokens, as its document says. */
export interface OAuthService {
  tokenUrl: string;
  /** That its operations ask for. */
  scopes: string[];
}

/** How a platform is told who calls. */
export type Credential =
  | SingleCredential
  /** All of them at once; the secret is a JSON object with one for each scheme. */
  | { kind: 'several'; of: { scheme: string; credential: SingleCredential }[] };

export type SingleCredential =
  | { kind: 'bearer'; oauth?: OAuthService }
  | { kind: 'basic' }
  | { kind: 'header'; name: string }
  | { kind: 'query'; name: string }
  | { kind: 'cookie'; name: string };

export interface OperationsFile {
  title: string;
  version: string;
  sha256: string;
  /** Where the document says that the platform is; null: it names no complete address. */
  server: string | null;
  credential: Credential;
  /** What was asked for, where that was not all. */
  chosen?: { only: readonly string[]; except: readonly string[] };
  /** What the operations' schemas refer to as `#/$defs/<name>`. */
  definitions?: Record<string, JsonSchema>;
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
