// Limits and approval settings as their form has them: JSON, checked while it is written and sent as it is.
import { parseExactly } from '../../../../src/lib/exact-json.ts';
import { exactJson } from '../../../../src/lib/exact-text.ts';
import { isRecord } from '../../../../src/lib/json.ts';
import type { ApprovalSetting, Grants, Limit, LoopSetting } from '../../../../src/protocol/grant.ts';

/** JSON as text, and '' for none. */
export type GrantsDraft = Record<keyof Grants, string>;

export const NO_GRANTS: GrantsDraft = { limits: '', approval: '', loop: '' };

export function grantsDraft({ limits, approval, loop }: Grants): GrantsDraft {
  return {
    limits: limits.length === 0 ? '' : exactJson(limits),
    approval: approval === null ? '' : exactJson(approval),
    loop: loop ?? '',
  };
}

/** What the form says; what is no JSON is none. The server tells what is wrong with what is. */
export function grantsOf({ limits, approval, loop }: GrantsDraft): Grants {
  const list = parseExactly(limits);
  const setting = parseExactly(approval);
  return {
    limits: Array.isArray(list) ? (list.filter(isRecord) as unknown as Limit[]) : [],
    approval: isRecord(setting) ? (setting as ApprovalSetting) : null,
    loop: loop === '' ? null : (loop as LoopSetting),
  };
}

/** Those that the form says otherwise than the key has them. */
export function changedGrants(draft: GrantsDraft, before: Grants): Partial<Grants> {
  const was = grantsDraft(before);
  const given = grantsOf(draft);
  const names = (Object.keys(draft) as (keyof Grants)[]).filter((name) => draft[name].trim() !== was[name]);
  return Object.fromEntries(names.map((name) => [name, given[name]]));
}

/** @returns what is wrong with each text; null: it can be read */
export function grantsProblems({ limits, approval }: GrantsDraft): Record<'limits' | 'approval', string | null> {
  return {
    limits: problem(
      limits,
      (value) => Array.isArray(value) && value.every(isRecord),
      'a list of objects: [{ … }]',
    ),
    approval: problem(approval, isRecord, 'an object: { … }'),
  };
}

function problem(text: string, isRight: (value: unknown) => boolean, wanted: string): string | null {
  if (text.trim() === '') return null;
  try {
    return isRight(JSON.parse(text)) ? null : `It is not ${wanted}.`;
  } catch (error) {
    return `It is no JSON: ${(error as Error).message}`;
  }
}
