// npm run image -- seed|sandbox [--out FILE] [--tag NAME]: makes an OCI image without a daemon, in one file for
// `docker load`, `podman load` and `ctr images import`. See docs/containers.md.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { renewLock } from '../deploy/image/debian-lock.ts';
import { writeArchive } from '../deploy/image/oci.ts';
import { makeSandboxImage } from '../deploy/image/sandbox.ts';
import { makeSeedImage } from '../deploy/image/seed.ts';
import { megabytes } from '../src/lib/disk-space.ts';
import { exitOnFailure } from '../src/lib/process-life.ts';
import { cacheDirSetting } from '../src/lib/settings.ts';
import { SeedError } from '../src/protocol/errors.ts';

const MAKERS = { sandbox: makeSandboxImage, seed: makeSeedImage };

await exitOnFailure(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { out: { type: 'string' }, tag: { type: 'string' } },
  });
  const [name = ''] = positionals;
  const say = (message: string) => console.error(`· ${message}`);
  // What is written here has the same modes whoever builds.
  process.umask(0o022);
  if (name === 'lock') return say(`${await renewLock(say)} is renewed`);
  if (!Object.hasOwn(MAKERS, name) || positionals.length !== 1) {
    const names = Object.keys(MAKERS).join(' or ');
    throw new SeedError('usage', `Say which image: ${names}.`, {
      hint: 'npm run image -- <image> [--out FILE] [--tag NAME]',
    });
  }
  const make = MAKERS[name as keyof typeof MAKERS];
  const image = await make({ cacheDir: cacheDirSetting(), reference: values.tag, onProgress: say });
  const out = resolve(values.out ?? `dist/${name}.tar`);
  await writeArchive(image.layout, out);
  const sum = (of: 'size' | 'unpackedBytes') => image.layers.reduce((total, layer) => total + layer[of], 0);
  say(`${out}: ${megabytes(sum('size'))}, unpacked ${megabytes(sum('unpackedBytes'))}`);
  // What a script takes: the reference to use, and the digest that tells one content from another.
  console.log(`${image.reference} ${image.digest}`);
});
