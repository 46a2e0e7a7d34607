// Entry of /cli/seed.mjs, which a server hands out together with the commands that a key may use (see bundle.ts).
import type { Manifest } from '../protocol/manifest.ts';
import { main } from './main.ts';

/** Written above the bundle by renderCli. */
declare const SEED_MANIFEST_JSON: string;

const manifest: Manifest = JSON.parse(SEED_MANIFEST_JSON);
await main({ manifest, local: [], version: () => manifest.version });
