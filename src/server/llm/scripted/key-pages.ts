// Reads `seed keys list` to its end, page by page. Used by the playbooks.
import type { z } from 'zod';
import { LIMITS } from '../../../protocol/limits.ts';
import { pageOf } from '../../../protocol/page.ts';
import { parseOutput, reasonOf, wasCut } from './command-output.ts';
import type { ToolResult } from './conversation.ts';
import type { Steps } from './playbook.ts';

/** A page that the agent would cut is asked for again with fewer keys. */
const PAGE_SIZES = [LIMITS.pageSize, 25, 5, 1] as const;
const PAGES_AT_MOST = 1_000;
/** What may stand in a shell command without quotes. */
const SAFE_CURSOR = /^[\w.=~+/:-]{1,200}$/;

/** @param filter flags that stand before the others, such as `--status active` */
export function* readKeys<Key>(
  schema: z.ZodType<Key>,
  filter = '',
): Steps<{ keys: Key[] } | { trouble: string }> {
  const Page = pageOf(schema);
  const list = `seed keys list ${filter}`.trim();
  const keys: Key[] = [];
  let size = 0;
  let cursor: string | null = null;
  for (let pages = 0; pages < PAGES_AT_MOST; pages++) {
    const from: string = cursor === null ? '' : ` --cursor ${cursor}`;
    const result: ToolResult = yield `${list} --json --limit ${PAGE_SIZES[size]}${from}`;
    if (result.failed) return { trouble: reasonOf(result) };
    const page: z.infer<typeof Page> | null = parseOutput(Page, result);
    if (page === null && wasCut(result) && size + 1 < PAGE_SIZES.length) {
      size += 1;
      continue;
    }
    if (page === null) return { trouble: 'the answer of `seed keys list` is not a list of keys' };
    keys.push(...page.items);
    if (page.nextCursor === null) return { keys };
    if (!SAFE_CURSOR.test(page.nextCursor)) return { trouble: 'the cursor of the next page is malformed' };
    cursor = page.nextCursor;
  }
  return { trouble: `the list does not end after ${PAGES_AT_MOST} pages` };
}
