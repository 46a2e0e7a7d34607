// A task that is being written, kept in the address: from there and back, what is wrong with it, what is sent.
import { useNavigate, useRouterState, useSearch } from '@tanstack/react-router';
import { useEffect, useEffectEvent, useRef, useState } from 'react';
import { isRecord, parseJson } from '../../../../../src/lib/json.ts';
import { LIMITS } from '../../../../../src/protocol/limits.ts';
import type { ManifestCommand } from '../../../../../src/protocol/manifest.ts';
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

export interface Draft {
  instruction: string;
  scopes: readonly string[];
  /** Scopes of the address that the key lacks: they are not asked for. */
  lacking: readonly string[];
  /** The name of a model; empty for the server's default. */
  model: string;
  /** What its calls are limited to, as JSON; empty: nothing. */
  limits: string;
  /** What its answer is to fit, as JSON; empty: it is text. */
  schema: string;
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
    scopes: chosen,
    lacking,
    model: search.model ?? '',
    limits: search.limits ?? '',
    schema: search.schema ?? '',
    numbers: Object.fromEntries(entries) as Draft['numbers'],
  };
}

function searchOf({ instruction, scopes, model, limits, schema, numbers }: Draft): NewTaskSearch {
  return {
    ...(instruction !== '' && { instruction }),
    ...(scopes.length > 0 && { scopes: scopes.join(',') }),
    ...(model !== '' && { model }),
    ...(limits !== '' && { limits }),
    ...(schema !== '' && { schema }),
    ...numbersOf(NUMBER_NAMES, numbers),
  };
}

export function inputOf({
  instruction,
  scopes,
  model,
  limits,
  schema,
  numbers,
}: Draft): CommandInput<'tasks run'> {
  const timeout = numberOf('timeout', numbers.timeout);
  const budget = numbersOf(BUDGET_NAMES, numbers);
  const resources = numbersOf(RESOURCE_NAMES, numbers);
  return {
    instruction,
    scopes: [...scopes],
    ...(timeout !== undefined && { timeout }),
    ...(budget && { budget }),
    ...(resources && { resources }),
    ...(model.trim() !== '' && { model: model.trim() }),
    ...(limits.trim() !== '' && { limits: listIn(limits) ?? [] }),
    ...(schema.trim() !== '' && { output: { schema: objectIn(schema) ?? {} } }),
  };
}

export type Problems = ReturnType<typeof problemsOf>;

export function problemsOf({ instruction, limits, schema, numbers }: Draft, files: readonly File[]) {
  const problems = NUMBER_NAMES.map((name) => [name, problemOf(name, numbers[name])]);
  return {
    instruction: instructionProblem(instruction),
    limits: limits.trim() === '' || listIn(limits) ? null : 'This is no JSON list of limits.',
    schema: schema.trim() === '' || objectIn(schema) ? null : 'This is no JSON object.',
    files: filesProblem(files),
    numbers: Object.fromEntries(problems) as Record<NumberName, string | null>,
  };
}

export function hasProblems({ instruction, limits, schema, files, numbers }: Problems): boolean {
  return [instruction, limits, schema, files, ...Object.values(numbers)].some((problem) => problem !== null);
}

/** Null: it is no JSON object. */
function objectIn(text: string): Record<string, unknown> | null {
  const value = parseJson(text);
  return isRecord(value) ? value : null;
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
