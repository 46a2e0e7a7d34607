// Decides from which Debian or Ubuntu suite the root file system and runsc come.
import { access, readFile } from 'node:fs/promises';
import { exec } from '../../lib/exec.ts';
import { SeedError } from '../../protocol/errors.ts';

/** One line of an apt source, and the keys that its index must be signed with. */
export interface Distribution {
  mirror: string;
  suite: string;
  components: readonly string[];
  keyring: string;
}

type Source = Record<'uri' | 'suite' | 'component', string>;

const TARGETS_FORMAT = '$(REPO_URI) $(RELEASE) $(COMPONENT)';

/** The suite to build from, at the mirror that this machine's apt is set to. */
export async function findDistribution(): Promise<Distribution> {
  const release = parseOsRelease(await readFile('/etc/os-release', 'utf8').catch(() => ''));
  const targets = await exec('apt-get', ['indextargets', '--format', TARGETS_FORMAT, 'Created-By: Packages'], {
    hint: 'Seed builds its sandboxes with apt: use a Debian or Ubuntu machine, VM or container.',
  });
  const distribution = chooseDistribution(release, parseSources(targets));
  await access(distribution.keyring).catch((cause) => {
    const name = release['ID'] === 'ubuntu' ? 'ubuntu-keyring' : 'debian-archive-keyring';
    const hint = `Run as root: apt-get install ${name}`;
    throw new SeedError('setup_failed', `The archive's keys are missing: ${distribution.keyring}`, {
      hint,
      cause,
    });
  });
  return distribution;
}

/** Debian: always trixie, which has a current runsc, whatever the machine's release. Ubuntu: its own release. */
export function chooseDistribution(release: Record<string, string>, sources: readonly Source[]): Distribution {
  const codename = release['VERSION_CODENAME'] ?? '';
  const own = sources.find((source) => source.suite === codename && source.component === 'main') ?? sources[0];
  if (release['ID'] !== 'debian' && release['ID'] !== 'ubuntu') {
    const what = `Cannot build the sandbox image on ${release['PRETTY_NAME'] ?? 'this system'}.`;
    throw new SeedError('setup_failed', what, { hint: 'Use a Debian or Ubuntu machine, VM or container.' });
  }
  if (!own) {
    throw new SeedError('setup_failed', 'apt is set to no package source, so there is no mirror to fetch from.', {
      hint: 'Add the distribution’s own archive to /etc/apt/sources.list.d and run apt-get update.',
    });
  }
  return release['ID'] === 'debian'
    ? { mirror: own.uri, suite: 'trixie', components: ['main'], keyring: keyringPath('debian') }
    : { mirror: own.uri, suite: codename, components: ['main', 'universe'], keyring: keyringPath('ubuntu') };
}

function keyringPath(name: string): string {
  return `/usr/share/keyrings/${name}-archive-keyring.gpg`;
}

export function parseSources(targets: string): Source[] {
  const lines = targets.split('\n').map((line) => line.split(' '));
  const entries = lines.filter((words) => words.length === 3);
  return entries.map(([uri = '', suite = '', component = '']) => ({ uri, suite, component }));
}

export function parseOsRelease(text: string): Record<string, string> {
  const lines = text.matchAll(/^(\w+)=(?:"(.*)"|(.*))$/gm);
  return Object.fromEntries([...lines].map(([, name = '', quoted, plain]) => [name, quoted ?? plain ?? '']));
}
