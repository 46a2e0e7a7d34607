// Requests to the S3 store that others make: signed here, so that they need no key. For blobs.ts and uploads.ts.
import { AwsV4Signer } from 'aws4fetch';
import { later } from '../../db/database-clock.ts';
import type { S3Settings } from './blob-store.ts';

export interface PresignedPut {
  url: string;
  headers: Record<string, string>;
  sendBefore: Date;
}

export interface Presigner {
  /** Fits these bytes alone: their number and their hash are under the signature. @param sha256 hexadecimal */
  put(id: string, content: { size: number; sha256: string }): Promise<PresignedPut>;
  /** The address of a blob for some minutes, as an attachment of this name. */
  get(id: string, file: { disposition: string; type: string }): Promise<string>;
}

/** What S3 lets a request's date be off. */
const PUT_MS = 15 * 60_000;
const GET_SECONDS = 300;

/**
 * What is put is signed in its headers (AWS Signature Version 4): in an address the signature is of no content,
 * and a store need not compare what it gets. What is got is signed in its address, which a redirect can carry.
 */
export function presigner({ endpoint, bucket, ...credentials }: S3Settings): Presigner {
  const addressOf = (id: string) => `${endpoint}/${bucket}/${id}`;
  const signed = { service: 's3', ...credentials };
  return {
    async put(id, { size, sha256 }) {
      const sendBefore = later(new Date(), PUT_MS);
      const signer = new AwsV4Signer({
        ...signed,
        method: 'PUT',
        url: addressOf(id),
        headers: { 'content-length': String(size), 'x-amz-content-sha256': sha256 },
        // With the length, which else is left out.
        allHeaders: true,
      });
      const { url, headers } = await signer.sign();
      // Whoever sends it says it anyway.
      headers.delete('content-length');
      return { url: url.href, headers: Object.fromEntries(headers), sendBefore };
    },
    async get(id, { disposition, type }) {
      const url = new URL(addressOf(id));
      url.searchParams.set('X-Amz-Expires', String(GET_SECONDS));
      url.searchParams.set('response-content-disposition', disposition);
      url.searchParams.set('response-content-type', type);
      const signer = new AwsV4Signer({ ...signed, method: 'GET', url: url.href, signQuery: true });
      const { origin, pathname, searchParams } = (await signer.sign()).url;
      const query = [...searchParams].map((pair) => pair.map(strictly).join('='));
      return `${origin}${pathname}?${query.join('&')}`;
    },
  };
}

/** As it is signed (RFC 3986): a space that is written as a plus is another address to some stores. */
const strictly = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
