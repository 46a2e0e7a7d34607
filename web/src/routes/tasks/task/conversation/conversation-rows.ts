// What stands in the conversation: the instruction, what came of it, and the answer where no event has said it.
import type { Task } from '../../../../../../src/protocol/task.ts';
import type { Entry, Transcript } from './transcript.ts';

export type Row = { key: string | number } & (
  | { type: 'instruction'; at: string; text: string }
  | { type: 'answer'; at: string; text: string }
  | { type: 'entry'; entry: Entry }
);

export function conversationRows(task: Task, { entries }: Transcript): Row[] {
  const { stdout, completedAt, status } = task;
  const last = entries.findLastIndex(({ type }) => type === 'text');
  const lastText = entries[last];
  const said = lastText?.type === 'text' && lastText.text.trim() === stdout?.trim();
  const isAnswered =
    status === 'completed' && completedAt !== null && stdout !== null && stdout.trim() !== '';
  const rows: Row[] = [
    { key: 'instruction', type: 'instruction', at: task.createdAt, text: task.instruction },
  ];
  for (const [place, entry] of entries.entries()) {
    // The text that is the answer looks like it.
    if (isAnswered && said && place === last && entry.type === 'text')
      rows.push({ key: entry.seq, type: 'answer', at: entry.at, text: entry.text });
    else rows.push({ key: entry.seq, type: 'entry', entry });
  }
  if (isAnswered && !said) rows.push({ key: 'answer', type: 'answer', at: completedAt, text: stdout });
  return rows;
}
