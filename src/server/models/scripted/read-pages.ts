// Reads all pages of a list, for playbooks.
import type { z } from 'zod';
import { LIMITS } from '../../../protocol/limits.ts';
import { pageOf } from '../../../protocol/page.ts';
import { parseOutput, reasonOf, wasCut } from './command-output.ts';
import type { ToolResult } from './conversation.ts';
import type { Steps } from './playbook.ts';

/** A page that the agent would cut is asked for again with fewer items. */
const PAGE_SIZES = [LIMITS.pageSize, 25, 5, 1] as const;
const PAGES_AT_MOST = 1_000;
/** What may stand in a shell command without quotes. */
const SAFE_CURSOR = /^[\w.=~+/:-]{1,200}$/;

/** @param command a list's command line without --json and --limit, such as `seed keys list` */
export function* readPages<Item>(
  command: string,
  item: z.ZodType<Item>,
): Steps<{ items: Item[] } | { trouble: string }> {
  const Page = pageOf(item);
  const items: Item[] = [];
  let size = 0;
  let cursor: string | null = null;
  for (let pages = 0; pages < PAGES_AT_MOST; pages++) {
    const from: string = cursor === null ? '' : ` --cursor ${cursor}`;
    const result: ToolResult = yield `${command} --json --limit ${PAGE_SIZES[size]}${from}`;
    if (result.failed) return { trouble: reasonOf(result) };
    const page: z.infer<typeof Page> | null = parseOutput(Page, result);
    if (page === null && wasCut(result) && size + 1 < PAGE_SIZES.length) {
      size += 1;
      continue;
    }
    if (page === null) return { trouble: `the answer of \`${command}\` is not the list it should be` };
    items.push(...page.items);
    if (page.nextCursor === null) return { items };
    if (!SAFE_CURSOR.test(page.nextCursor)) return { trouble: 'the cursor of the next page is malformed' };
    cursor = page.nextCursor;
  }
  return { trouble: `the list does not end after ${PAGES_AT_MOST} pages` };
}
