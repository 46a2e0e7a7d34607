// Where runsc comes from, with programs that say that they are runsc, or do not, and a `go` that builds such.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ageWarning } from './runsc.ts';
import { chooseRunsc, fetchRelease, installedRunsc, moduleVersion } from './sources.ts';

const SAYS_RUNSC = '#!/bin/sh\necho runsc version release-20260905\n';
let folder: string;
let cacheDir: string;
let packaged: string;
let said: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seed-runsc-'));
  cacheDir = join(folder, 'cache');
  packaged = await program('cache/tools/runsc-0.0~20240729.0/runsc', SAYS_RUNSC);
  await mkdir(join(folder, 'bin'));
  // Whether this machine has a Go makes no difference.
  await symlink('/usr/bin/flock', join(folder, 'bin/flock'));
  vi.stubEnv('PATH', join(folder, 'bin'));
  await writeFile(join(folder, 'version'), 'go1.26.9\n');
  said = [];
  problem = null;
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

async function program(path: string, text: string): Promise<string> {
  const whole = join(folder, path);
  await mkdir(join(whole, '..'), { recursive: true });
  await writeFile(whole, text);
  await chmod(whole, 0o755);
  return whole;
}

let problem: string | null;
const getting = { problemOf: async () => problem, onProgress: (message: string) => void said.push(message) };
const choose = (setting?: string) => chooseRunsc({ cacheDir, setting, packaged, ...getting });

/** A `go` that notes how it was called and builds what the test says. */
const fakeGo = (makes: string) =>
  program(
    'bin/go',
    `#!/bin/sh
echo "$* in $(/usr/bin/ls | /usr/bin/tr '\\n' ' ') $GOTOOLCHAIN $CGO_ENABLED" >> ${folder}/calls
[ "$1" = env ] && { /usr/bin/cat ${folder}/version; exit 0; }
while [ "$1" != -o ]; do shift; done
${makes}`,
  );
/** The builds that were begun. */
const builds = async () =>
  (await readFile(join(folder, 'calls'), 'utf8').catch(() => ''))
    .split('\n')
    .filter((call) => call.startsWith('build'));

describe('runsc is', () => {
  it('that of SEED_RUNSC', async () => {
    const own = await program('own', SAYS_RUNSC);
    expect(await choose(own)).toBe(own);
    expect(await installedRunsc(cacheDir, own)).toBe(own);
    expect(said).toEqual([]);
  });

  it('built from the pinned module where there is a Go, once', async () => {
    await fakeGo(`printf '%s' '${SAYS_RUNSC}' > "$2"`);
    const built = await choose();
    expect(built).toBe(join(cacheDir, `tools/runsc-go-${await moduleVersion()}/runsc`));
    expect(await choose()).toBe(built);
    expect(await installedRunsc(cacheDir, undefined)).toBe(built);
    expect((await builds())[0]).toMatch(
      /^build -mod=readonly -trimpath .* gvisor.dev\/gvisor\/runsc in go.mod go.sum +local 0$/,
    );
    expect(await builds()).toHaveLength(1);
    expect(said).toEqual([expect.stringMatching(/^building gVisor \d{8} with Go/)]);
  });

  it.each([
    ['there is no Go', null, /there is no Go here/],
    ['Go cannot build it', 'echo no such module >&2; exit 1', /no such module/],
    ['what Go built is none', `echo > "$2"; exit 0`, /runsc/],
  ])('the packaged one when %s, which is tried again with another Go only', async (_, makes, reason) => {
    if (makes !== null) await fakeGo(makes);
    expect(await choose()).toBe(packaged);
    expect(said.at(-1)).toMatch(reason);
    expect(said.at(-1)?.split('\n')).toHaveLength(1);
    expect(await choose()).toBe(packaged);
    expect(await builds()).toHaveLength(makes === null ? 0 : 1);
    expect(await installedRunsc(cacheDir, undefined)).toBe(packaged);
    await fakeGo(`printf '%s' '${SAYS_RUNSC}' > "$2"`);
    await writeFile(join(folder, 'version'), 'go1.27.0\n');
    expect(await choose()).toContain('runsc-go-');
  });

  it('the packaged one when what was built starts no sandbox here', async () => {
    await fakeGo(`printf '%s' '${SAYS_RUNSC}' > "$2"`);
    problem = 'it starts no sandbox: no user namespaces';
    expect(await choose()).toBe(packaged);
    expect(said.at(-1)).toMatch(/is not used: it starts no sandbox: no user namespaces$/);
  });

  it('not a program that is something else', async () => {
    const other = await program('other', '#!/bin/sh\necho I am a teapot\n');
    expect(await choose(other)).toBe(packaged);
    expect(said[0]).toMatch(/SEED_RUNSC is not used: .*teapot/);
  });

  it('the packaged one when that is asked for, whatever else there is', async () => {
    await fakeGo('exit 1');
    expect(await choose('packaged')).toBe(packaged);
    expect(await installedRunsc(cacheDir, 'packaged')).toBe(packaged);
    expect(said).toEqual([]);
  });

  it("the project's release only when its sum is the pinned one", async () => {
    const server = createServer((_request, response) => response.end(SAYS_RUNSC)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/runsc`;
    const sha512 = createHash('sha512').update(SAYS_RUNSC).digest('hex');
    const tools = join(cacheDir, 'tools');
    await expect(
      fetchRelease({ version: '1', url, sha512: sha512.replace(/^./, 'x') }, tools, getting),
    ).rejects.toThrow(/SHA-512/);
    await fetchRelease({ version: '1', url, sha512 }, tools, getting);
    expect(await readFile(join(tools, 'runsc-release-1/runsc'), 'utf8')).toBe(SAYS_RUNSC);
    server.close();
  });
});

it.each([
  ['0.0~20240729.0 spec 1.1.0', '2024-07-29', 28],
  ['release-20260101.0', null, 0],
  ['20260905 spec 1.1.0', null, 0],
  ['0.0~20260527.0', '2026-05-27', 6],
  ['VERSION_MISSING', null, 0],
])('a gVisor of %s is told to be old: %s', (version, date, months) => {
  const warning = ageWarning(version, new Date(version.includes('20260101') ? '2026-06-01' : '2026-11-29'));
  if (date === null) expect(warning).toBeNull();
  else expect(warning).toContain(`gVisor of ${date} is ${months} months old`);
});
