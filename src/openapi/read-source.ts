// The bytes of a document's files, from where they may be: below the folder of the first one, or the origin of its
// address and those that somebody allows. Used by load-document.ts.
import { type LookupAddress, type LookupAllOptions, lookup as lookUp } from 'node:dns';
import { open, realpath } from 'node:fs/promises';
import { isIP, type LookupFunction } from 'node:net';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Agent, request } from 'undici';
import { isPublicAddress } from '../lib/public-address.ts';
import { readWithin } from '../lib/read-stream.ts';
import { SeedError } from '../protocol/errors.ts';
import { FILE_BYTES_MOST } from './parse-tree.ts';

export interface Source extends AsyncDisposable {
  /** The address of the first file. */
  location: string;
  /** @returns its bytes, and where they were in the end. @throws SeedError usage, not_allowed, unreachable */
  read(location: string): Promise<{ bytes: Buffer; location: string }>;
}

const TIMEOUT_MS = 60_000;
const REDIRECTS_MOST = 5;

/**
 * @param source a URL, or a path from the current folder
 * @param allowedOrigins that files of the document may come from besides
 * @throws SeedError usage: there is no such file
 */
export async function openSource(source: string, allowedOrigins: readonly string[]): Promise<Source> {
  const web = readerOfWeb(new Set(allowedOrigins));
  if (/^https?:\/\//i.test(source)) {
    const url = URL.parse(source);
    if (url === null) throw new SeedError('usage', `${source} is no address`);
    url.hash = '';
    web.allow(url.origin);
    const read = (location: string) => {
      if (/^https?:/.test(location)) return web.read(location);
      throw refused(`${location} is no address on the web, and a document from there refers to nothing else`);
    };
    return { location: url.href, read, [Symbol.asyncDispose]: web.close };
  }
  const path = resolve(source);
  const folder = await realpath(dirname(path)).catch(() => null);
  const first = folder && join(folder, basename(path));
  const read = async (location: string) => {
    if (/^https?:/.test(location)) return web.read(location);
    return { bytes: await readBelow(folder ?? '', first ?? '', location), location };
  };
  if (first === null || (await realpath(first).catch(() => null)) === null)
    throw new SeedError('usage', `there is no file ${JSON.stringify(source)} to read`);
  return { location: pathToFileURL(first).href, read, [Symbol.asyncDispose]: web.close };
}

/** Also where a link leads. */
async function readBelow(folder: string, first: string, location: string): Promise<Buffer> {
  if (!location.startsWith('file:')) throw refused(`${location} is neither a file nor an address on the web`);
  const path = pathOf(location);
  const isBelow = (each: string) => each.startsWith(folder.endsWith(sep) ? folder : folder + sep);
  // The first one is what somebody asked for, wherever it lies.
  if (path !== first && !isBelow(path)) throw refused(`${path} does not lie below ${folder}`);
  const real = await realpath(path).catch(() => null);
  if (real === null) throw new SeedError('usage', `there is no file ${path}`);
  if (path !== first && !isBelow(real)) throw refused(`${path} leads out of ${folder}`);
  const file = await open(real, 'r').catch((cause) => {
    throw new SeedError('usage', `${path} cannot be read: ${(cause as Error).message}`, { cause });
  });
  try {
    if (!(await file.stat()).isFile()) throw new SeedError('usage', `${path} is no file`);
    const bytes = await readWithin(file.createReadStream({ autoClose: false }), FILE_BYTES_MOST);
    if (bytes !== null) return bytes;
  } finally {
    await file.close();
  }
  throw tooLarge(path);
}

function pathOf(location: string): string {
  try {
    return fileURLToPath(location);
  } catch (cause) {
    throw refused(`${location} is no path of this machine: ${(cause as Error).message}`);
  }
}

function readerOfWeb(origins: Set<string>) {
  const guard = lookUpGuard(lookUp as LookUpAll);
  const dispatcher = new Agent({ connect: { lookup: guard }, connections: 8 });

  async function read(location: string): Promise<{ bytes: Buffer; location: string }> {
    let at = new URL(location);
    const late = AbortSignal.timeout(TIMEOUT_MS);
    for (let step = 0; step <= REDIRECTS_MOST; step += 1) {
      refuseOthers(at, step > 0 ? location : null);
      const answer = await request(at.href, { dispatcher, signal: late, headers: HEADERS });
      const { statusCode: status, headers, body } = answer;
      const next = [301, 302, 303, 307, 308].includes(status) && [headers['location']].flat()[0];
      if (typeof next === 'string') {
        await body.dump();
        const target = URL.parse(next, at.href);
        if (target === null) throw new SeedError('unreachable', `${at} answers with a redirect to no address`);
        at = target;
        continue;
      }
      if (status < 200 || status > 299) {
        await body.dump();
        throw new SeedError('unreachable', `${at} answers ${status}`);
      }
      const bytes = await readWithin(body, FILE_BYTES_MOST);
      if (bytes === null) throw tooLarge(at.href);
      at.hash = '';
      return { bytes, location: at.href };
    }
    throw new SeedError('unreachable', `${location} answers with redirects without an end`);
  }

  function refuseOthers({ origin, href, protocol }: URL, redirectedFrom: string | null): void {
    const isAllowed =
      origins.has(origin) || (protocol === 'https:' && origins.has(origin.replace('https:', 'http:')));
    if (isAllowed) return;
    const how = redirectedFrom === null ? href : `${redirectedFrom} redirects to ${href}, which`;
    throw refused(`${how} is of another origin than the document`, `If that is right: --allow-origin ${origin}`);
  }

  return {
    allow: (origin: string) => void origins.add(origin),
    close: () => dispatcher.close(),
    async read(location: string) {
      try {
        return await read(location);
      } catch (cause) {
        if (cause instanceof SeedError) throw cause;
        const { message } =
          (cause as Error).cause instanceof Error ? ((cause as Error).cause as Error) : (cause as Error);
        throw new SeedError('unreachable', `${location} cannot be read: ${message}`, { cause });
      }
    },
  };
}

/** What a name leads to: Node's own look-up, for all of its addresses. */
type LookUpAll = (
  hostname: string,
  options: LookupAllOptions,
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** Said outright: what is sent compressed cannot be measured before it is unpacked. */
const HEADERS = { 'accept-encoding': 'identity', 'user-agent': 'seed' };

/**
 * Whoever names an origin may mean one of their own network. But a name that was public once does not lead inside
 * later: whose it is could then read there with the importer's help.
 */
export function lookUpGuard(lookUpAll: LookUpAll): LookupFunction {
  const publicNames = new Set<string>();
  return (hostname, options, done) => {
    lookUpAll(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return void done(error, []);
      const isPublic = addresses.every(({ address }) => isPublicAddress(address));
      if (isPublic) publicNames.add(hostname);
      else if (publicNames.has(hostname) && isIP(hostname) === 0)
        return void done(
          new Error(`${hostname} led to a public address before, and leads to an internal one now`),
          [],
        );
      const [first] = addresses;
      if (options.all) done(null, addresses);
      else done(null, first?.address ?? '', first?.family);
    });
  };
}

const refused = (why: string, hint?: string) =>
  new SeedError('not_allowed', why, hint === undefined ? {} : { hint });

const tooLarge = (what: string) =>
  new SeedError('unreachable', `${what} has more than ${FILE_BYTES_MOST} bytes`, {
    hint: 'Is it the document itself? Give its address, or a file.',
  });
