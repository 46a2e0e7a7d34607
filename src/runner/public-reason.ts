// What the last words of a sandbox, or of what runs it, tell everybody who may see the task: one line, without paths of the host.
import { safeText } from './safe-text.ts';

const LENGTH = 200;
const PATH = /(?<![\w.])\/[^\s'"`,;:()<>[\]{}]+/g;
/** Lines that say what went wrong, unlike those that say where. */
const TELLING =
  /error|fatal|panic|fail|cannot|refused|denied|not found|no such|no space|out of|too many|killed/i;
const BESIDE = /^(?:at |Node\.js v|[\^~{}()[\];\s]*$)/;

/** Empty when there is nothing to tell. */
export function publicReason(words: string): string {
  const lines = words
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => !BESIDE.test(line));
  const line = lines.findLast((one) => TELLING.test(one)) ?? lines.at(-1) ?? '';
  return safeText(line.replace(PATH, '…'), LENGTH);
}
