// Bundles the guest into one file. Called by the image build; tests run the same file outside a sandbox.
import { bundle } from '../lib/bundle.ts';

/** The guest as one ES module; it needs Node 24 and Pi's packages in a node_modules folder beside or above it. */
export function bundleGuest(): Promise<Uint8Array> {
  return bundle(new URL('main.ts', import.meta.url), { target: 'node24', external: ['@earendil-works/*'] });
}
