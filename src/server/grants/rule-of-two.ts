// The rule of two: what reads what strangers have written, reads what is private and changes what others see could
// be led by the first to give away the second by the third. Told, asked for or refused when a task is accepted.
import type { Command } from '../../command/define-command.ts';
import { ApprovalSetting } from '../../protocol/grant.ts';

export const RULE_OF_TWO = ['warn', 'ask', 'refuse'] as const;
export type RuleOfTwo = (typeof RULE_OF_TWO)[number];

/** @param commands that the task may call. @returns a sentence; null: it combines at most two of the three */
export function riskOfThree(commands: readonly Command[]): string | null {
  const untrusted = commands.find(({ reads }) => reads === 'untrusted');
  const secret = commands.find(({ reads }) => reads === 'private');
  const seen = commands.find(({ effect }) => effect !== 'read');
  if (!untrusted || !secret || !seen) return null;
  return `it reads what strangers may have written ("${untrusted.name}"), reads what is private ("${secret.name}") and changes what others see ("${seen.name}"): an instruction hidden in the first could give away the second by the third`;
}

/** The setting by which a person is asked before every change, besides what it asks for anyway. */
export function askingForChanges(setting: ApprovalSetting | null): ApprovalSetting {
  const effects = new Set([...(setting?.effects ?? []), 'write', 'destructive'] as const);
  return ApprovalSetting.parse({ ...setting, effects: [...effects] });
}
