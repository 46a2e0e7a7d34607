// Some of the commands, by noun, scope or words, a page at a time: with imported packs a key may have thousands.
// Used by GET /api/v1/commands.
import { z } from 'zod';
import { SeedError } from '../protocol/errors.ts';
import type { Command } from './define-command.ts';

const LIMIT_MOST = 1_000;

export const Narrowing = z.object({
  noun: z.string().max(100).optional().describe('Those of one noun'),
  scope: z.string().max(100).optional().describe('Those of one scope, such as issues:read'),
  search: z.string().max(200).optional().describe('Those whose name or summary has all of these words'),
  limit: z.number().int().min(1).max(LIMIT_MOST).optional().describe(`At most so many, 1 to ${LIMIT_MOST}`),
  cursor: z.string().max(200).optional().describe('nextCursor of the page before'),
});

/**
 * @returns those that fit in the order that they have, and the cursor of the next page; null: there is none
 * @throws SeedError invalid_input: a cursor of another list
 */
export function narrowed(
  commands: readonly Command[],
  { noun, scope, search = '', limit = commands.length, cursor }: z.output<typeof Narrowing>,
): { commands: readonly Command[]; nextCursor: string | null } {
  const words = search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const fitting = commands.filter(
    (command) =>
      (noun === undefined || command.name.split(' ')[0] === noun) &&
      (scope === undefined || command.scope === scope) &&
      words.every((word) => `${command.name} ${command.summary}`.toLowerCase().includes(word)),
  );
  // The cursor names the last one of the page before: it stays right when others come or go.
  const start = cursor === undefined ? 0 : fitting.findIndex(({ name }) => name === cursor) + 1;
  if (cursor !== undefined && start === 0)
    throw new SeedError('invalid_input', 'the cursor is not one that this list gave out');
  const page = fitting.slice(start, start + limit);
  const isMore = start + page.length < fitting.length;
  return { commands: page, nextCursor: isMore ? (page.at(-1)?.name ?? null) : null };
}
