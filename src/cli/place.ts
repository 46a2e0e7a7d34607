// Where this Seed runs: in the repository or from a package, in a container or not, on a system that has sandboxes
// or not. Used by the commands that start and check Seed.
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { adopterFolder, IS_REPOSITORY, isInRepository, SEED_ROOT } from '../lib/own-files.ts';
import { shellWord } from '../lib/shell-word.ts';
import { SeedError } from '../protocol/errors.ts';
import { fs } from './builtin.ts';
import type { Io } from './io.ts';
import { ownPackage } from './own-package.ts';

/** For people: `0.1.0, the package in …, for the folder …`. */
export function placeText(io: Io): string {
  const { version } = ownPackage();
  const root = fileURLToPath(SEED_ROOT);
  const what = IS_REPOSITORY ? `the repository ${root}` : `the package in ${root}`;
  const whose = isInRepository() ? [] : [`for the folder ${fileURLToPath(adopterFolder())}`];
  const within = isInContainer(io) ? ['in a container'] : [];
  return [version, what, ...whose, ...within].join(', ');
}

/** By what Docker, Podman, Kubernetes and systemd leave there. */
function isInContainer(io: Io): boolean {
  const named = io.env('container') ?? io.env('KUBERNETES_SERVICE_HOST');
  return named !== undefined || ['/.dockerenv', '/run/.containerenv'].some((path) => fs.existsSync(path));
}

const SYSTEMS: Record<string, string> = { darwin: 'macOS', win32: 'Windows' };

/** @throws SeedError no_usable_driver, with the one command that runs it in the container */
export function refuseWithoutLinux(command: string, platform: string = process.platform): void {
  if (platform === 'linux') return;
  const system = SYSTEMS[platform] ?? platform;
  throw new SeedError('no_usable_driver', `seed ${command} needs Linux for its sandboxes, and this is ${system}`, {
    hint: `In the container: ${containerCommand(command)}`,
  });
}

/** What is the adopter's is mounted; Seed's own state lies in volumes. docs/containers.md tells of the options. */
export function containerCommand(command: string): string {
  const profile = fileURLToPath(new URL('deploy/seccomp-runner.json', SEED_ROOT));
  const secured = [
    `seccomp=${shellWord(relative('.', profile))}`,
    'systempaths=unconfined',
    'apparmor=unconfined',
  ];
  const options = [
    '--rm -it -p 127.0.0.1:3210:3210 --cap-drop ALL',
    ...secured.map((option) => `--security-opt ${option}`),
    '-v "$PWD:/srv/seed" -v seed-data:/var/lib/seed -v seed-cache:/var/cache/seed',
  ];
  return `docker run ${options.join(' ')} seed:${ownPackage().version} ${command}`;
}
