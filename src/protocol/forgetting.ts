// What is forgotten, when, and what keeps it: deleting tasks, retention, and legal holds.
import { z } from 'zod';
import { keptText } from './kept-text.ts';
import { LIMITS } from './limits.ts';
import { pageInput } from './page.ts';
import { PastTime } from './time.ts';

export const DeleteTaskInput = z.object({
  id: z.uuid().describe('Id of the task'),
  conversation: z.boolean().default(false).describe('All tasks of its conversation, also those behind it'),
});

export const DeletedTasks = z.object({
  id: z.uuid(),
  forgotten: z.number().int().describe('How many tasks were: with it those that its agent started'),
  stillIn: z
    .array(z.object({ scheduleId: z.uuid(), name: z.string() }))
    .describe('Schedules that started them and go on: what they say is theirs, until they are deleted'),
});

export const ForgetTasksBody = z.object({
  before: PastTime.describe('Tasks that ended before this time, or longer ago than this: 90d'),
  dryRun: z.boolean().default(false).describe('Only tell how many that would be'),
});

export const ForgottenTasks = z.object({
  before: z.iso.datetime(),
  dryRun: z.boolean(),
  forgotten: z.number().int().describe('How many were by this request'),
  left: z.number().int().describe(`How many more it would be, counted up to ${LIMITS.forgottenConversation}`),
  kept: z.object({
    held: z.number().int().describe('Those that a legal hold keeps'),
    needed: z.number().int().describe('Those that a later task of their conversation needs'),
  }),
});

const DAYS: Record<string, number> = { d: 1, w: 7, y: 365 };
const MOST_DAYS = 36_500;
const SPAN = /^([1-9]\d{0,4})([dwy])$/;

/** The days of a span such as 30d, 8w or 7y; null when it is none, or longer than a hundred years. */
export function spanDays(text: string): number | null {
  const [, amount, unit] = SPAN.exec(text) ?? [];
  const days = Number(amount) * (DAYS[unit ?? ''] ?? Number.NaN);
  return days <= MOST_DAYS ? days : null;
}

const RetentionSpan = z
  .string()
  .max(10)
  .refine((text) => spanDays(text) !== null, 'a span is written 30d, 8w or 7y, at most 100y')
  .meta({ pattern: '^(?:[1-9]\\d{0,3}[dw]|[1-9]\\d?y|100y)$', examples: ['30d', '7y'] })
  .nullable();

export const RetentionBody = z.object({
  content: RetentionSpan.optional().describe(
    "How long after its end a task's content is kept; null: as long as the operator keeps it",
  ),
  ledger: RetentionSpan.optional().describe(
    'How long the rows of the ledger and of what was used are kept; null: as long as the operator keeps them',
  ),
});

const KeptDays = z.number().int().nullable();

export const Retention = z
  .object({
    content: RetentionSpan.describe('What the account has set; null: nothing'),
    ledger: RetentionSpan,
    contentDays: KeptDays.describe(
      'What holds: the shorter of that and what the operator has set; null: for ever',
    ),
    ledgerDays: KeptDays,
  })
  .meta({ id: 'Retention' });
export type Retention = z.infer<typeof Retention>;

export const HoldKind = z.enum(['account', 'task', 'conversation']);
export type HoldKind = z.infer<typeof HoldKind>;

export const HoldBody = z.object({
  kind: HoldKind.describe(
    'What is held: all of the account, a task with those that its agent started, or a conversation',
  ),
  taskId: z.uuid().optional().describe('The task, or any task of the conversation'),
  accountId: z.uuid().optional().describe('Of another account: for keys of the operator'),
  reason: keptText
    .trim()
    .min(1)
    .max(LIMITS.holdReasonLength)
    .meta({ examples: ['Case 2026-117: keep until counsel releases it'] })
    .describe('Why, for whoever meets it'),
});
export type HoldBody = z.infer<typeof HoldBody>;

export const HoldFilter = z.object({
  accountId: z.uuid().optional().describe('Of another account: for keys of the operator'),
  released: z.boolean().default(false).describe('Also those that are not in force any more'),
  ...pageInput,
});
export type HoldFilter = z.infer<typeof HoldFilter>;

export const Hold = z
  .object({
    id: z.uuid(),
    accountId: z.uuid(),
    kind: HoldKind,
    subjectId: z.uuid().describe('The account, the task, or the first task of the conversation'),
    reason: z.string(),
    byOperator: z.boolean().describe('Only keys of the operator release it'),
    createdBy: z.uuid().describe('The key'),
    createdAt: z.iso.datetime(),
    releasedBy: z.uuid().nullable(),
    releasedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Hold' });
export type Hold = z.infer<typeof Hold>;
