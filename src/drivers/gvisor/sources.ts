// Where runsc comes from: the first of four sources that can be verified here. What one gave is kept by its
// version, so that a later start only looks it up. Called by ../set-up/set-up.ts and, to look it up, by `seed
// doctor`.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  access,
  chmod,
  constants,
  copyFile,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeFolder } from '../../lib/cache-folders.ts';
import { wholeEnvironment } from '../../lib/env.ts';
import { exec } from '../../lib/exec.ts';
import { withFileLock } from '../../lib/file-lock.ts';
import { parseJson } from '../../lib/json.ts';
import { HOST_ENVIRONMENT } from '../process/supervisor.ts';

export interface RunscOptions {
  cacheDir: string;
  /** SEED_RUNSC: a program to use before all others, or `packaged` to look for no better one. */
  setting: string | undefined;
  /** Debian's or Ubuntu's, which came with the image's packages: what is left when nothing better works. */
  packaged: string;
  /** Why the program starts no sandbox on this machine; null: it does. Asked of what was fetched or built. */
  problemOf(program: string): Promise<string | null>;
  /** Called before a slow step, and with one line of reason where a source is passed over. */
  onProgress(message: string): void;
}

/** A source that has one already, can get one, or says why not. */
interface Source {
  name: string;
  /** Where its program is once it was fetched or built. */
  path: string;
  /** Names what an attempt depends on: one that failed is made again at once when that is another. */
  by(): Promise<string>;
  get(options: RunscOptions): Promise<void>;
}

/** The word for SEED_RUNSC that asks for the distribution's own. */
const PACKAGED = 'packaged';
/** A failed attempt is not made again at each start. */
const AGAIN_AFTER_MS = 24 * 3_600_000;
const BUILD_WITHIN_MS = 20 * 60_000;
const FETCH_WITHIN_MS = 5 * 60_000;
const MOST_BYTES = 256 * 1024 * 1024;

/** The module's version, `v0.0.0-<date><time>-<commit>`, in go.mod. */
const GO_FOLDER = new URL('./go/', import.meta.url).pathname;
const MODULE = 'gvisor.dev/gvisor';

/** The program to use, fetched or built when it is not there. Never rejects: the packaged one is always left. */
export async function chooseRunsc(options: RunscOptions): Promise<string> {
  const { cacheDir, setting, packaged, onProgress } = options;
  if (setting === PACKAGED) return packaged;
  if (setting !== undefined) {
    const problem = await problemWith(resolve(setting));
    if (problem === null) return resolve(setting);
    onProgress(`SEED_RUNSC is not used: ${problem}`);
  }
  for (const source of await sources(cacheDir)) {
    if (existsSync(source.path)) return source.path;
    const reason = await tryGet(source, options);
    if (reason === null) return source.path;
    onProgress(`gVisor from ${source.name} is not used: ${reason}`);
  }
  return packaged;
}

/** What `chooseRunsc` would give without fetching or building anything; undefined before the first set-up. */
export async function installedRunsc(cacheDir: string, setting: string | undefined): Promise<string | undefined> {
  if (setting === PACKAGED) return await packagedRunsc(cacheDir);
  if (setting !== undefined && (await problemWith(resolve(setting))) === null) return resolve(setting);
  const better = (await sources(cacheDir)).find(({ path }) => existsSync(path));
  return better?.path ?? (await packagedRunsc(cacheDir));
}

async function packagedRunsc(cacheDir: string): Promise<string | undefined> {
  const names = await readdir(join(cacheDir, 'tools')).catch(() => []);
  const newest = names
    .filter((name) => /^runsc-\d/.test(name))
    .sort()
    .at(-1);
  return newest === undefined ? undefined : join(cacheDir, 'tools', newest, 'runsc');
}

async function sources(cacheDir: string): Promise<Source[]> {
  const tools = join(cacheDir, 'tools');
  const release = await readRelease();
  const version = await moduleVersion();
  return [
    ...(release === null
      ? []
      : [
          {
            name: `its project's release ${release.version}`,
            path: join(tools, `runsc-release-${release.version}`, 'runsc'),
            by: async () => release.sha512.slice(0, 16),
            get: (options: RunscOptions) => fetchRelease(release, tools, options),
          },
        ]),
    {
      name: `the Go module of ${version}`,
      path: join(tools, `runsc-go-${version}`, 'runsc'),
      by: goVersion,
      get: (options) => buildModule(version, tools, options),
    },
  ];
}

/** @returns null when it is there now, else why not, in one line */
async function tryGet(source: Source, options: RunscOptions): Promise<string | null> {
  const tools = join(options.cacheDir, 'tools');
  await mkdir(tools, { recursive: true });
  const by = await source.by().catch((error: Error) => error);
  // What there is not is looked for at each start, which costs nothing.
  if (by instanceof Error) return by.message;
  const failed = `${join(source.path, '..')}-${by}.failed`;
  return await withFileLock(join(tools, 'runsc.lock'), async () => {
    if (existsSync(source.path)) return null;
    const before = await stat(failed).catch(() => null);
    if (before !== null && Date.now() - before.mtimeMs < AGAIN_AFTER_MS) return await readFile(failed, 'utf8');
    try {
      await source.get(options);
      await rm(failed, { force: true });
      return null;
    } catch (error) {
      const reason = (error as Error).message.replace(/\s+/g, ' ').slice(0, 300);
      await writeFile(failed, reason);
      return reason;
    }
  });
}

interface Release {
  version: string;
  url: string;
  sha512: string;
}

/** Null without a pinned sum for this processor: what cannot be verified is not fetched. */
async function readRelease(): Promise<Release | null> {
  const text = await readFile(new URL('./release.json', import.meta.url), 'utf8');
  const { version, url, sha512 } = parseJson(text) as {
    version: string;
    url: string;
    sha512: Record<string, string | null>;
  };
  const architecture = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const sum = sha512[architecture] ?? null;
  const from = url.replace('{version}', version).replace('{architecture}', architecture);
  return sum === null ? null : { version, url: from, sha512: sum };
}

/** @throws Error in one line when it cannot be had or is not the pinned one */
export async function fetchRelease(
  { version, url, sha512 }: Release,
  tools: string,
  options: Getting,
): Promise<void> {
  options.onProgress(`fetching gVisor ${version}, about 70 MB`);
  const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_WITHIN_MS) });
  if (!response.ok) throw new Error(`${new URL(url).host} answered ${response.status}`);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new Error(`it is larger than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  const program = Buffer.concat(chunks);
  const sum = createHash('sha512').update(program).digest('hex');
  if (sum !== sha512) throw new Error(`its SHA-512 is ${sum.slice(0, 16)}… and not the pinned one`);
  const name = `runsc-release-${version}`;
  await keep({ tools, name }, options, (folder) => writeFile(join(folder, 'runsc'), program));
}

/** The date of the pinned module, such as 20260905. */
export async function moduleVersion(): Promise<string> {
  const text = await readFile(join(GO_FOLDER, 'go.mod'), 'utf8');
  const [, date] = new RegExp(`${MODULE} v[\\d.]+-(\\d{8})\\d{6}-`).exec(text) ?? [];
  if (date === undefined) throw new Error(`${GO_FOLDER}go.mod pins no version of ${MODULE}`);
  return date;
}

/** Such as `go1.26.8`. @throws Error where there is none */
async function goVersion(): Promise<string> {
  const said = await exec('go', ['env', 'GOVERSION'], { env: goEnvironment(), timeoutMs: 30_000 }).catch(() => {
    throw new Error('there is no Go here');
  });
  return said
    .trim()
    .replace(/[^\w.-]+/g, '_')
    .slice(0, 100);
}

/** Builds the pinned module. Go holds it, and all that it needs, against the sums in go.sum. */
async function buildModule(version: string, tools: string, options: Getting): Promise<void> {
  const environment = goEnvironment();
  options.onProgress(`building gVisor ${version} with Go, which takes a minute or two, once`);
  await keep({ tools, name: `runsc-go-${version}` }, options, async (folder) => {
    const source = join(folder, 'source');
    await mkdir(source);
    for (const name of ['go.mod', 'go.sum']) await copyFile(join(GO_FOLDER, name), join(source, name));
    const named = `-s -w -X ${MODULE}/runsc/version.version=${version}`;
    const build = ['build', '-mod=readonly', '-trimpath', '-ldflags', named, '-o', join(folder, 'runsc')];
    await exec('go', [...build, `${MODULE}/runsc`], { cwd: source, env: environment, timeoutMs: BUILD_WITHIN_MS });
    await rm(source, { recursive: true });
  });
}

/** The user's own settings of Go, such as its proxy; never another Go than the one that is installed. */
function goEnvironment(): Record<string, string> {
  const all = Object.entries(wholeEnvironment()).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !/^(SEED_|OPENROUTER_|DATABASE_)/.test(entry[0]),
  );
  return { ...Object.fromEntries(all), CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOFLAGS: '' };
}

type Getting = Pick<RunscOptions, 'problemOf' | 'onProgress'>;

/** Only a program that starts sandboxes here is kept: else what is left would not be taken. */
async function keep(
  { tools, name }: { tools: string; name: string },
  { problemOf }: Getting,
  fill: (folder: string) => Promise<unknown>,
): Promise<void> {
  await makeFolder(join(tools, name), async (partial) => {
    await fill(partial);
    const program = join(partial, 'runsc');
    await chmod(program, 0o755);
    const problem = (await problemWith(program)) ?? (await problemOf(program));
    if (problem !== null) throw new Error(problem);
  });
}

/** @returns null for a program that says that it is runsc */
async function problemWith(program: string): Promise<string | null> {
  try {
    await access(program, constants.X_OK);
    const said = await exec(program, ['--version'], { env: HOST_ENVIRONMENT, timeoutMs: 10_000 });
    return said.startsWith('runsc version ') ? null : `${program} says that it is ${said.slice(0, 50).trim()}`;
  } catch (error) {
    return (error as Error).message;
  }
}
