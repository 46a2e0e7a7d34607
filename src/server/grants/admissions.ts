// Whether a call may happen, by all that binds it, and what it counts for. Asked for every call of a command by
// http/command-calls.ts, and for calls that a person has approved; for a call that nothing binds it is no work.
import type { Actor } from '../../command/call.ts';
import { type Command, isObject } from '../../command/define-command.ts';
import type { Store } from '../../db/store.ts';
import type { Tx } from '../../db/tables.ts';
import { compareDecimals, parseDecimal, writeDecimal } from '../../lib/decimal.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Limit } from '../../protocol/grant.ts';
import { type Admission, NeedsApproval } from '../ledger/admission.ts';
import type { CalledCommand } from '../ledger/kept-call.ts';
import { callHash } from '../ledger/repeat.ts';
import { type Binding, bindingsOf, chainOf, isBound } from './bindings.ts';
import { type CompiledLimit, type Counted, compileLimit } from './compile-limit.ts';
import { type Count, count, giveBack } from './counts.ts';
import { type Alike, createStreaks, isOneTooMany, isReadInARow, loopSettingOf } from './loop.ts';

export interface Admissions {
  /**
   * @param options.approved a person has said yes: what asks does not ask again, what denies still does, and all
   * is counted
   * @returns null: nothing limits the call
   */
  of(called: CalledCommand, options?: { approved?: boolean }): Admission | null;
}

/** Whether a call would be allowed as things stand, and by what not. */
interface Verdict {
  verdict: 'allowed' | 'asked' | 'denied';
  /** What asks or denies, in words; null: nothing does. */
  reason: string | null;
}

export function openAdmissions(store: Pick<Store, 'db' | 'time' | 'clock'>): Admissions {
  const streaks = createStreaks();
  return {
    of(called, { approved = false } = {}) {
      const { command, actor } = called;
      // What merely waits for an approval is part of the call that it is about.
      if (command.isPoll) return null;
      const chain = chainOf(actor);
      const alike = alikeOf(called);
      const mayLoop =
        alike !== null && (command.effect === 'read' ? streaks.note(alike) > 2 : !isRepeatable(command));
      const isFree = command.limits === undefined && command.approval === undefined && !chain.some(isBound);
      return isFree && !mayLoop ? null : admissionOf(store, called, { approved, alike: mayLoop ? alike : null });
    },
  };
}

/** Null: the caller is no task. */
function alikeOf({ command, actor, input }: CalledCommand): Alike | null {
  const { taskId } = actor.key;
  return taskId === null ? null : { taskId, inputHash: callHash(command.name, input) };
}

const isRepeatable = (command: Command) => isObject(command) && command.repeatable === true;

function admissionOf(
  store: Pick<Store, 'db' | 'time' | 'clock'>,
  called: CalledCommand,
  { approved, alike }: { approved: boolean; alike: Alike | null },
): Admission | null {
  const { command, actor, input, requestId } = called;
  const { time } = store;
  const rules = rulesOf(command, actor, input);
  if (rules.findings.length === 0 && rules.counts.length === 0 && alike === null) return null;
  let warning: string | null = null;
  // What one transaction does is counted in it, and never has to be given back.
  const callId = isObject(command) && command.transactional === true ? null : requestId;
  return {
    async admit(tx: Tx) {
      if (rules.findings.some(({ outcome }) => outcome === 'deny')) settle(rules.findings, { command, approved });
      const looping = alike === null ? null : await loopOf(tx, alike, { store, called, approved });
      warning = looping?.outcome === 'warn' ? looping.why : null;
      const counted = rules.counts.length === 0 ? [] : await count(tx, rules.counts, { callId, time });
      const asks = looping?.outcome === 'ask' ? [{ ...looping, outcome: 'ask' as const }] : [];
      settle([...rules.findings, ...rules.exceededBy(counted), ...asks], { command, approved });
    },
    async giveBack(tx: Tx) {
      if (callId !== null && rules.counts.length > 0) await giveBack(tx, callId);
    },
    warning: () => warning,
  };
}

/** @throws SeedError loop_detected. @returns what comes of it that the call is a loop; null: it is none */
async function loopOf(
  tx: Tx,
  alike: Alike,
  {
    store,
    called: { command, actor },
    approved,
  }: { store: Pick<Store, 'clock'>; called: CalledCommand; approved: boolean },
): Promise<{ why: string; outcome: 'ask' | 'warn' } | null> {
  if (command.effect === 'read') {
    const why = `"${command.name}" has been called with the same input ten times in a row`;
    return (await isReadInARow(tx, alike, store)) ? { why, outcome: 'warn' } : null;
  }
  if (!(await isOneTooMany(tx, alike, store))) return null;
  const why = `the task has done "${command.name}" with the same input twice already`;
  const setting = loopSettingOf(chainOf(actor));
  if (setting === 'deny')
    throw new SeedError('loop_detected', why, {
      hint: 'Nothing was done. If it is meant to be done again, say so to whoever gave you the task.',
    });
  return { why, outcome: approved ? 'warn' : setting };
}

/** Something that does not allow the call as it is. */
interface Finding {
  why: string;
  outcome: 'deny' | 'ask';
}

function settle(
  findings: readonly Finding[],
  { command, approved }: { command: Command; approved: boolean },
): void {
  const { verdict, reason } = verdictOf(findings, command);
  if (verdict === 'denied')
    throw new SeedError('limit_exceeded', `"${command.name}" is not allowed: ${reason}`, {
      hint: `Ask for what the limits allow: \`seed commands show ${command.name}\` tells them.`,
    });
  if (verdict === 'asked' && !approved) throw new NeedsApproval(reason ?? '');
}

function verdictOf(findings: readonly Finding[], { scope }: Pick<Command, 'scope'>): Verdict {
  // Whoever decides over approvals cannot be made to wait for one.
  const outcome = (finding: Finding) => (scope === 'approvals:write' ? 'deny' : finding.outcome);
  const denies = findings.find((finding) => outcome(finding) === 'deny');
  if (denies) return { verdict: 'denied', reason: denies.why };
  const [asks] = findings;
  return asks ? { verdict: 'asked', reason: asks.why } : { verdict: 'allowed', reason: null };
}

interface Checked {
  binding: Binding;
  counted: Counted;
  /** Where it stands in `counts`. */
  index: number;
}

/** All that can be said of the call without the database, and what is to be counted there. */
function rulesOf(command: CalledCommand['command'], actor: Pick<Actor, 'lineage' | 'grantors'>, input: unknown) {
  const chain = chainOf(actor);
  const findings: Finding[] = [];
  const counts: Count[] = [];
  const checks: Checked[] = [];
  const places = new Map<string, number>();
  for (const binding of bindingsOf(chain, command)) {
    const { limit, whose, holder, taskSpan, prefix } = binding;
    const compiled = compiledFor(limit, command);
    const misfit = misfitOf(compiled, limit, input);
    if (misfit) {
      findings.push({ why: `${whose}: ${misfit.why}`, outcome: misfit.outcome });
      continue;
    }
    for (const { amount, ...counted } of compiled.countsOf(input)) {
      const counter = prefix + counted.counter;
      const place = `${holder} ${limit.per} ${counter}`;
      // Several limits with the same counter count a call once.
      const index = places.get(place) ?? counts.length;
      if (index === counts.length)
        counts.push({ holder, counter, per: limit.per, taskSpan, amount: writeDecimal(amount) });
      places.set(place, index);
      checks.push({ binding, counted, index });
    }
  }
  findings.push(...asksOf(chain, command));
  const exceededBy = (counted: readonly string[]) =>
    checks.flatMap(({ binding: { limit, whose }, counted: { most, what }, index }): Finding[] => {
      const now = parseDecimal(counted[index] ?? '');
      if (now && compareDecimals(now, most) <= 0) return [];
      const span = limit.per === 'task' ? '' : ` a ${limit.per}`;
      const total = now ? writeDecimal(now) : 'more than can be counted';
      const why = `${whose}: ${what} would come to ${total}, with ${writeDecimal(most)} allowed${span}`;
      return [{ why, outcome: limit.else }];
    });
  return { findings, counts, exceededBy };
}

/** What of the call alone does not fit; null: all does. */
function misfitOf({ unfit, misfitOf }: CompiledLimit, limit: Limit, input: unknown): Finding | null {
  if (unfit === null) {
    const why = misfitOf(input);
    return why === null ? null : { why, outcome: limit.else };
  }
  // What was set for a scope gets what the limit says of the rest; a limit that has lost its meaning denies.
  const isRest = unfit.kind !== 'unsupported' && limit.command === undefined;
  return { why: unfit.why, outcome: isRest ? limit.else : 'deny' };
}

function asksOf(chain: ReturnType<typeof chainOf>, { name, effect, scope, approval }: Command): Finding[] {
  const ask = (why: string): Finding => ({ why, outcome: 'ask' });
  const found = approval === 'ask' ? [ask(`"${name}" is always asked for`)] : [];
  if (scope === 'approvals:write') return found;
  const asking = chain.findLast((key) => key.approval?.effects?.includes(effect));
  if (!asking) return found;
  const whose = asking.taskId === null ? `the key "${asking.name}"` : 'the task';
  return [...found, ask(`${whose} asks for every ${effect} call`)];
}

/** By the limit as it was read with its key, which is read anew when it may have changed. */
const known = new WeakMap<Limit, Map<Command['input'], CompiledLimit>>();

function compiledFor(limit: Limit, command: Command): CompiledLimit {
  const ofLimit = known.get(limit) ?? new Map<Command['input'], CompiledLimit>();
  known.set(limit, ofLimit);
  const compiled = ofLimit.get(command.input) ?? compileLimit(limit, command);
  ofLimit.set(command.input, compiled);
  return compiled;
}

/** What would become of a call, without making or counting it. @param counting as count() of counts.ts */
export async function judgeCall(
  { command, actor, input }: Pick<CalledCommand, 'command' | 'actor' | 'input'>,
  counting: (counts: readonly Count[]) => Promise<string[]>,
): Promise<Verdict> {
  const rules = rulesOf(command, actor, input);
  return verdictOf([...rules.findings, ...rules.exceededBy(await counting(rules.counts))], command);
}
