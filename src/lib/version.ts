// The version in package.json: what the server, the CLI and the manifest say of themselves.
import { readFileSync } from 'node:fs';
import { SEED_ROOT } from './own-files.ts';

export function readVersion(): string {
  const text = readFileSync(new URL('package.json', SEED_ROOT), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
