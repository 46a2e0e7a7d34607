// A task that is being written, kept in the address: from there and back, what is wrong with it, what is sent.
import { useNavigate, useRouterState, useSearch } from '@tanstack/react-router';
import { useEffect, useEffectEvent, useRef, useState } from 'react';
import { isRecord, parseJson } from '../../../../../src/lib/json.ts';
import { LIMITS } from '../../../../../src/protocol/limits.ts';
import type { ManifestCommand } from '../../../../../src/protocol/manifest.ts';
import type { Template } from '../../../../../src/protocol/template.ts';
import type { CommandInput } from '../../../api/seed.ts';
import { useSeed } from '../../../api/use-command.ts';
import { bytes, count } from '../../../format/readable.ts';
import { chooseScopes } from '../../../scopes/scope-checklist.tsx';
import {
  BUDGET_NAMES,
  type NewTaskSearch,
  NUMBER_NAMES,
  type NumberName,
  numberOf,
  problemOf,
  RESOURCE_NAMES,
  textOf,
} from './search.ts';
import { parameterProblems, parametersOf } from './template-fields.tsx';

export interface Draft {
  instruction: string;
  /** The name of a template that is sent instead of the instruction; empty: none. */
  template: string;
  /** Its parameters, as they stand in their fields. */
  parameters: Readonly<Record<string, string>>;
  scopes: readonly string[];
  /** Scopes of the address that the key lacks: they are not asked for. */
  lacking: readonly string[];
  /** The name of a model; empty for the server's default. */
  model: string;
  /** What its calls are limited to, as JSON; empty: nothing. */
  limits: string;
  /** The numbers as they stand in their fields. */
  numbers: Record<NumberName, string>;
}

function draftOf(search: NewTaskSearch, commands: readonly ManifestCommand[]): Draft {
  const patterns = (search.scopes ?? '').split(',').flatMap((text) => text.trim() || []);
  const { chosen, lacking } = chooseScopes(commands, patterns);
  const entries = NUMBER_NAMES.map((name) => {
    const number = search[name];
    return [name, number === undefined ? '' : textOf(name, number)];
  });
  return {
    instruction: search.instruction ?? '',
    template: search.template ?? '',
    parameters: textsIn(search.parameters ?? ''),
    scopes: chosen,
    lacking,
    model: search.model ?? '',
    limits: search.limits ?? '',
    numbers: Object.fromEntries(entries) as Draft['numbers'],
  };
}

function searchOf({ instruction, template, parameters, scopes, model, limits, numbers }: Draft): NewTaskSearch {
  const given = Object.entries(parameters).filter(([, text]) => text !== '');
  return {
    ...(instruction !== '' && { instruction }),
    ...(template !== '' && { template }),
    ...(given.length > 0 && { parameters: JSON.stringify(Object.fromEntries(given)) }),
    ...(scopes.length > 0 && { scopes: scopes.join(',') }),
    ...(model !== '' && { model }),
    ...(limits !== '' && { limits }),
    ...numbersOf(NUMBER_NAMES, numbers),
  };
}

/** @param template the one that the draft names; null: it sends its instruction */
export function inputOf(draft: Draft, template: Template | null): CommandInput<'tasks run'> {
  const { instruction, scopes, model, limits, numbers } = draft;
  const timeout = numberOf('timeout', numbers.timeout);
  const budget = numbersOf(BUDGET_NAMES, numbers);
  const resources = numbersOf(RESOURCE_NAMES, numbers);
  const parameters = template ? parametersOf(template, draft.parameters) : {};
  return {
    ...(template ? { template: template.name } : { instruction }),
    ...(Object.keys(parameters).length > 0 && { parameters }),
    scopes: [...scopes],
    ...(timeout !== undefined && { timeout }),
    ...(budget && { budget }),
    ...(resources && { resources }),
    ...(model.trim() !== '' && { model: model.trim() }),
    ...(limits.trim() !== '' && { limits: listIn(limits) ?? [] }),
  };
}

export type Problems = ReturnType<typeof problemsOf>;

export function problemsOf(draft: Draft, files: readonly File[], template: Template | null) {
  const { instruction, limits, numbers } = draft;
  const problems = NUMBER_NAMES.map((name) => [name, problemOf(name, numbers[name])]);
  return {
    instruction: template ? null : instructionProblem(instruction),
    parameters: template ? parameterProblems(template, draft.parameters) : {},
    limits: limits.trim() === '' || listIn(limits) ? null : 'This is no JSON list of limits.',
    files: filesProblem(files),
    numbers: Object.fromEntries(problems) as Record<NumberName, string | null>,
  };
}

export function hasProblems({ instruction, parameters, limits, files, numbers }: Problems): boolean {
  return [instruction, ...Object.values(parameters), limits, files, ...Object.values(numbers)].some(
    (problem) => problem !== null,
  );
}

/** Empty for what is no JSON object of texts. */
function textsIn(text: string): Record<string, string> {
  const values = parseJson(text);
  if (!isRecord(values)) return {};
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}

/** Null: it is no JSON list. The server says what else is wrong. */
function listIn(text: string): NonNullable<CommandInput<'tasks run'>['limits']> | null {
  const list = parseJson(text);
  return Array.isArray(list) ? list : null;
}

function numbersOf<Name extends NumberName>(
  names: readonly Name[],
  numbers: Draft['numbers'],
): { [Each in Name]?: number } | null {
  const given = names.flatMap((name) => {
    const number = numberOf(name, numbers[name]);
    return number === undefined ? [] : [[name, number]];
  });
  return given.length === 0 ? null : (Object.fromEntries(given) as { [Each in Name]?: number });
}

function instructionProblem(text: string): string | null {
  if (text.trim() === '') return 'Say what is to be done.';
  const length = new TextEncoder().encode(text).length;
  if (length <= LIMITS.instructionBytes) return null;
  return `It has ${count(length)} bytes, at most ${count(LIMITS.instructionBytes)} are taken. Put the rest into a file.`;
}

function filesProblem(files: readonly File[]): string | null {
  if (files.length > LIMITS.filesPerTask) return `A task takes at most ${LIMITS.filesPerTask} files.`;
  const size = files.reduce((sum, file) => sum + file.size, 0);
  if (size <= LIMITS.fileBytesPerTask) return null;
  return `They have ${bytes(size)} together, at most ${bytes(LIMITS.fileBytesPerTask)} are taken.`;
}

/** Browsers refuse an address that changes with every key. */
const WRITE_AFTER_MS = 250;
/** Servers refuse long addresses: a longer instruction is kept in the state of the history entry instead. */
const ADDRESS_CHARACTERS = 4_000;

declare module '@tanstack/react-router' {
  interface HistoryState {
    /** The instruction of the form for a new task, where the address has no room for it. */
    longInstruction?: string | undefined;
  }
}

export function useDraft(isSent: boolean): [Draft, (change: Partial<Draft>) => void] {
  const { manifest } = useSeed();
  const search = useSearch({ from: '/shell/tasks/new' });
  const long = useRouterState({ select: ({ location }) => location.state.longInstruction });
  const navigate = useNavigate();
  const given = { ...search, ...(long !== undefined && { instruction: long }) };
  const [draft, setDraft] = useState(() => draftOf(given, manifest.commands));
  const address = identityOf(given);
  const written = useRef(address);

  // The address was changed by a link, or by going back.
  useEffect(() => {
    if (address === written.current) return;
    written.current = address;
    setDraft(draftOf(JSON.parse(address), manifest.commands));
  }, [address, manifest]);

  const write = useEffectEvent(() => {
    const wanted = searchOf(draft);
    const identity = identityOf(wanted);
    const isLong = encodeURIComponent(draft.instruction).length > ADDRESS_CHARACTERS;
    if (identity === written.current && isLong === (long !== undefined)) return;
    written.current = identity;
    void navigate({
      to: '/tasks/new',
      search: isLong ? { ...wanted, instruction: undefined } : wanted,
      state: (before) => ({ ...before, longInstruction: isLong ? draft.instruction : undefined }),
      replace: true,
    });
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: each change of the draft is written a moment later
  useEffect(() => {
    const timer = setTimeout(() => write(), WRITE_AFTER_MS);
    return () => clearTimeout(timer);
  }, [draft]);
  // Whoever sends the form at once finds it again on the way back.
  useEffect(() => {
    if (isSent) write();
  }, [isSent]);

  return [draft, (change) => setDraft((before) => ({ ...before, ...change }))];
}

/** The same text for addresses that mean the same. */
function identityOf(search: NewTaskSearch): string {
  const given = Object.entries(search).filter(([, value]) => value !== undefined && value !== '');
  return JSON.stringify(Object.fromEntries(given.sort(([a], [b]) => (a < b ? -1 : 1))));
}
