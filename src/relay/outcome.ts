// How a task ended, as the server is told: by what its guest said, or by what became of its sandbox. What a guest
// may say of itself is cut and checked here.
import type { TaskErrorCode } from '../protocol/errors.ts';
import type { GuestResult } from '../protocol/guest.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { Settlement } from '../protocol/runner.ts';
import { cutMiddle } from '../protocol/text.ts';

export type Outcome = Omit<Settlement, 'usage'>;

const MESSAGE_LENGTH = 4000;
/** What a guest may say of itself; the other reasons are for the host to find. */
const GUEST_CODES: readonly TaskErrorCode[] = [
  'agent_failed',
  'llm_unavailable',
  'llm_refused',
  'context_too_long',
  'no_answer',
  'tool_call_unreadable',
  'output_invalid',
];

export function outcomeOfResult(
  leaseId: string,
  { stdout, stderr, exitCode, error, output }: GuestResult,
): Outcome {
  const ended = {
    leaseId,
    stdout: stdout === null ? null : cutMiddle(stdout, LIMITS.stdoutBytes),
    stderr: stderr === null ? null : cutMiddle(stderr, LIMITS.stderrBytes),
    exitCode,
    ...(output !== undefined && { output }),
  };
  if (error === null && exitCode === 0) return { ...ended, outcome: 'completed', error: null };
  const code = error !== null && GUEST_CODES.includes(error.code) ? error.code : 'agent_failed';
  const message = error?.message ?? `the agent ended with exit code ${exitCode}`;
  return { ...ended, outcome: 'failed', error: { code, message: safeText(message, MESSAGE_LENGTH) } };
}

/** @param words the end of what was said, for the operator */
export function failedOutcome(leaseId: string, code: TaskErrorCode, message: string, words = ''): Outcome {
  const error = { code, message: safeText(message, MESSAGE_LENGTH) };
  const ended = { leaseId, outcome: 'failed', stdout: null, stderr: null, exitCode: null, error } as const;
  const diagnostics = safeText(words, MESSAGE_LENGTH);
  return diagnostics === '' ? ended : { ...ended, diagnostics };
}

const LENGTH = 200;
const PATH = /(?<![\w.])\/[^\s'"`,;:()<>[\]{}]+/g;
/** Lines that say what went wrong, unlike those that say where. */
const TELLING = /error|fatal|panic|fail|cannot|refused|denied|not found|no such|no space|out of|too many|killed/i;
const BESIDE = /^(?:at |Node\.js v|[\^~{}()[\];\s]*$)/;

/** Empty when there is nothing to tell. */
export function publicReason(words: string): string {
  const all = words.split('\n').map((line) => line.trim());
  const lines = all.filter((line) => !BESIDE.test(line));
  const line = lines.findLast((one) => TELLING.test(one)) ?? lines.at(-1) ?? '';
  return safeText(line.replace(PATH, '…'), LENGTH);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
const CONTROL_CHARACTERS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Without control characters other than tab and newline, and at most `maxLength` characters. */
function safeText(text: string, maxLength: number): string {
  const safe = text.replace(CONTROL_CHARACTERS, '').trim();
  return safe.length > maxLength ? `${safe.slice(0, maxLength - 1)}…` : safe;
}
