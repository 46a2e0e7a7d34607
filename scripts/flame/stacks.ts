// Folds what `perf script` prints into stacks that begin with the part that ran them. Called by ../flame.ts.

/** Parts by pid; null leaves the process out. Of others it is told by what they are seen to do. */
export type Roles = Record<number, string | null>;

/** From the part down to where it was; how many samples. */
export type Stacks = Map<string, number>;

/** Between the frames of a stack. */
export const SEPARATOR = ';';

const SUPERVISOR = /^(sh|bash|unshare|prlimit|timeout|taskset|nsenter)$/;
/** Which of runsc's programs a process is shows in what it once was in. */
const PROGRAMS: readonly [string, string][] = [
  ['(*Boot).Execute', "gVisor's kernel"],
  ['(*Gofer).Execute', 'gofer'],
  ['(*Restore).Execute', 'runsc restore'],
];
/** Where the stacks of Go begin. */
const GO = /^(runtime\.(goexit|mstart|rt0_go|main)\b|_rt0_amd64)/;

interface Sample {
  name: string;
  pid: number;
  /** Innermost first. */
  frames: { symbol: string; file: string }[];
}

/** @param root is taken out of the names of functions */
export async function foldStacks(
  lines: AsyncIterable<string>,
  { roles, root }: { roles: Roles; root: string },
): Promise<Stacks> {
  const samples = await readSamples(lines);
  const found: Roles = { ...roles };
  for (const sample of samples) {
    const program = PROGRAMS.find(([within]) => sample.frames.some(({ symbol }) => symbol.includes(within)));
    if (program && !(sample.pid in roles)) found[sample.pid] = program[1];
  }
  const goes = new Set(samples.filter(({ frames }) => GO.test(frames.at(-1)?.symbol ?? '')).map(({ pid }) => pid));
  const stacks: Stacks = new Map();
  for (const { pid, name, frames } of samples) {
    const role =
      pid in found && !isStranger(found[pid], frames) ? found[pid] : roleOf(name, goes.has(pid), frames);
    if (role === null || role === undefined) continue;
    const isGuest = role === GUEST;
    const names = isGuest ? guestFrames(frames) : frames.map(({ symbol }) => plain(symbol, root)).reverse();
    const stack = [role, ...names].join(SEPARATOR);
    stacks.set(stack, (stacks.get(stack) ?? 0) + 1);
  }
  return stacks;
}

const GUEST = 'programs in the sandbox';

/** Of a process that runs gVisor's kernel, too: what does not begin where Go begins is the guest's. */
function isStranger(role: string | null | undefined, frames: Sample['frames']): boolean {
  const outermost = frames.at(-1);
  if (!PROGRAMS.some(([, program]) => program === role) || outermost === undefined) return false;
  return !GO.test(outermost.symbol) && !isKernel(outermost);
}

const isKernel = ({ file }: { file: string }) => file.includes('kernel.kallsyms') || file.startsWith('[k');

function roleOf(name: string, isGo: boolean, frames: Sample['frames']): string | null {
  if (name.startsWith('postgres')) return 'database';
  if (SUPERVISOR.test(name)) return 'supervisor';
  const outermost = frames.at(-1);
  if (isGo && outermost && (GO.test(outermost.symbol) || isKernel(outermost))) return "gVisor's other programs";
  return /^(exe|runsc)/.test(name) ? GUEST : 'other';
}

/** A guest's own code cannot be told by its addresses: what the host's kernel does for it can. */
function guestFrames(frames: Sample['frames']): string[] {
  const kernel = frames.filter(isKernel).map(({ symbol }) => symbol);
  return ["the guest's code", ...kernel.reverse()];
}

function plain(symbol: string, root: string): string {
  return symbol
    .replaceAll(`file://${root}`, '')
    .replaceAll(root, '')
    .replace('gvisor.dev/gvisor/', '')
    .replace(/\[go\.shape.*\]/, '')
    .replace(/:\d+:\d+$/, '')
    .replaceAll(SEPARATOR, ',')
    .slice(0, 100);
}

async function readSamples(lines: AsyncIterable<string>): Promise<Sample[]> {
  const samples: Sample[] = [];
  let sample: Sample | null = null;
  for await (const line of lines) {
    const [, name, pid] = /^(\S.*?)\s+(\d+)\s*$/.exec(line) ?? [];
    if (name !== undefined) {
      sample = { name, pid: Number(pid), frames: [] };
      samples.push(sample);
    }
    const [, symbol, file] = /^\s+[0-9a-f]+ (.*) \(([^()]*)\)$/.exec(line) ?? [];
    if (symbol !== undefined) sample?.frames.push({ symbol, file: file ?? '' });
  }
  return samples;
}
