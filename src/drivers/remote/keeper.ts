// The command lines of the keeper, which runs the guest in a vendor's sandbox (keeper.pl), and what it says.
// Used by the driver, and by whatever makes a vendor's snapshot, which must have these files.
import { isRecord, parseJson } from '../../lib/json.ts';
import { DETAIL_BYTES, type Exit } from '../driver.ts';
import { COMMAND } from '../image/guest-command.ts';

const KEEPER = '/opt/seed/keeper';
export const KEEPER_SOURCE = new URL('keeper.pl', import.meta.url);
/** Joins its standard streams with the guest's socket; see src/guest/bridge.pl. */
export const BRIDGE: readonly string[] = ['/opt/seed/bridge'];

/** By its name: whatever Node the vendor's machines have. */
const GUEST = ['node', ...COMMAND.slice(1)];

export const keep = {
  /** @param door by which its guest calls the server; missing: it waits at its socket */
  run: (lifeMs: number, diskBytes: number, door = '-') => [
    ...[KEEPER, 'run', seconds(lifeMs), String(Math.floor(diskBytes)), door],
    ...GUEST,
  ],
  /** In a machine that is frozen once its guest waits. */
  warm: [KEEPER, 'warm', ...GUEST],
  /** Fails where no guest waits. */
  bind: (lifeMs: number, diskBytes: number) => [KEEPER, 'bind', seconds(lifeMs), String(Math.floor(diskBytes))],
  wait: (ms: number) => [KEEPER, 'wait', seconds(ms)],
  until: (ms: number) => [KEEPER, 'until', seconds(ms)],
  usage: [KEEPER, 'usage'],
  closed: [KEEPER, 'closed'],
} as const;

const seconds = (ms: number): string => (Math.max(0, ms) / 1000).toFixed(3);

const SIGKILL = 9;

export interface Account {
  cpuSeconds: number;
  memoryBytes: number;
}

/** What `wait` has said: how the guest has ended; otherwise that it runs, or that it has not been started. */
export type Waited = 'running' | 'none' | { exit: Exit; account: Account };

/** Whoever is root in the sandbox could say it: nothing is taken for granted. Null: it is none of the keeper's. */
export function readWaited(text: string): Waited | null {
  const [head, ...lines] = text.split('\n');
  if (head === 'running' || head === 'none') return head;
  if (head !== 'ended') return null;
  const end = lines.indexOf('said');
  const told = readNumbers(lines.slice(0, end === -1 ? undefined : end));
  const said = end === -1 ? '' : lastWords(lines.slice(end + 1).join('\n'));
  return { exit: exitOf(told, said), account: accountOf(told) };
}

function exitOf(told: Map<string, number>, said: string): Exit {
  const signal = told.get('signal') ?? 0;
  if (told.get('late') === 1) return { reason: 'deadline' };
  if (told.get('oom') === 1 && signal === SIGKILL) return { reason: 'out_of_memory' };
  if (signal !== 0) return { reason: 'lost', detail: `its program was killed by signal ${signal}` };
  const detail = said.slice(-DETAIL_BYTES);
  return { reason: 'exited', code: told.get('code') ?? 1, ...(detail !== '' && { detail }) };
}

/**
 * The guest leaves one line of JSON (src/guest/last-words.ts); one that did not get so far, its standard error.
 */
function lastWords(text: string): string {
  const words = parseJson(text);
  const said = isRecord(words) ? words['said'] : text;
  return typeof said === 'string' ? said.trim() : '';
}

/** Null where it says none. */
export function readUsage(text: string): Account | null {
  const told = readNumbers(text.split('\n'));
  return told.has('cpu') && told.has('memory') ? accountOf(told) : null;
}

/** What could be reached; null where it was not looked at. */
export function readClosed(text: string): string[] | null {
  const lines = text.split('\n').filter(Boolean);
  if (lines.pop() !== 'checked') return null;
  return lines.map((line) => line.replace(/^open /, ''));
}

const accountOf = (told: Map<string, number>): Account => ({
  cpuSeconds: told.get('cpu') ?? 0,
  memoryBytes: told.get('memory') ?? 0,
});

function readNumbers(lines: readonly string[]): Map<string, number> {
  const found = lines.map((line) => line.split(' ')).map(([name = '', value]) => [name, Number(value)] as const);
  return new Map(found.filter(([, value]) => Number.isFinite(value) && value >= 0));
}
