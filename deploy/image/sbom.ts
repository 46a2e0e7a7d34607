// The software bill of materials of an image: CycloneDX 1.6 in JSON, the same bytes for the same parts. Called by the
// images' makers; what the parts are is told by parts.ts.
import { contentHash } from '../../src/lib/content-hash.ts';
import { sourceDate } from './layer.ts';

/** One piece of software, as its lock file names it. */
export interface Part {
  kind: 'deb' | 'npm' | 'golang' | 'generic';
  name: string;
  version: string;
  /** Hexadecimal. */
  hash?: { algorithm: 'SHA-256' | 'SHA-512'; content: string };
  /** An SPDX expression, as the package says it. */
  license?: string | undefined;
  /** Where in the image its licence lies. */
  licenseFile?: string | undefined;
  /** Which of Debian's processors it is for, where that matters. */
  architecture?: string;
}

/** @param about what the parts make up */
export function bill(about: { name: string; version: string }, parts: readonly Part[]): string {
  const components = new Map(parts.map((part) => [urlOf(part), component(part)]));
  const sorted = [...components.entries()].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, one]) => one);
  const described = {
    type: 'container',
    'bom-ref': `pkg:oci/${about.name}@${about.version}`,
    name: about.name,
    version: about.version,
  };
  const text = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(contentHash(JSON.stringify([described, sorted])))}`,
    version: 1,
    metadata: { timestamp: sourceDate().toISOString(), component: described },
    components: sorted,
  };
  return `${JSON.stringify(text, null, 1)}\n`;
}

function component(part: Part) {
  const { name, version, hash, license, licenseFile } = part;
  const url = urlOf(part);
  return {
    type: 'library',
    'bom-ref': url,
    name,
    version,
    ...(hash && { hashes: [{ alg: hash.algorithm, content: hash.content }] }),
    ...(license && { licenses: licenses(license) }),
    purl: url,
    ...(licenseFile && { properties: [{ name: 'seed:licence-file', value: licenseFile }] }),
  };
}

/** An expression is for SPDX's own words alone; whatever else a package says is a name. */
function licenses(said: string) {
  const isExpression = /^\(?[A-Za-z0-9.+-]+(?: (?:AND|OR|WITH) \(?[A-Za-z0-9.+-]+\)?)*\)?$/.test(said);
  return isExpression ? [{ expression: said }] : [{ license: { name: said } }];
}

/** See the purl specification: each part of a name is percent-encoded, slashes between stay. */
function urlOf({ kind, name, version, architecture }: Part): string {
  const encoded = name.split('/').map(encode).join('/');
  const [path, query] =
    kind === 'deb' ? [`deb/debian/${encoded}`, `?arch=${architecture}`] : [`${kind}/${encoded}`, ''];
  return `pkg:${path}@${encode(version)}${query}`;
}

const encode = (text: string) => encodeURIComponent(text).replaceAll('%3A', ':');

const uuidOf = (hex: string) => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
