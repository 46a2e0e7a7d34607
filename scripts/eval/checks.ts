// What checks of the eval are made of. Each looks at one thing and says what is wrong with it. Pure.
import { changesOf } from './tables.ts';
import type { Evidence, Problems } from './task.ts';

/** The task ended by itself, and well. */
export function completed({ task }: Evidence): Problems {
  if (task.status === 'completed' && task.exitCode === 0) return [];
  const why = task.error ? ` (${task.error.code}: ${task.error.message})` : '';
  return [`the task is ${task.status}${why}`];
}

/** One of these commands was called and answered with success. */
export function called({ ledger }: Evidence, ...commands: string[]): Problems {
  if (ledger.some(({ command, outcome }) => outcome === 'ok' && commands.includes(command))) return [];
  return [`${commands.join(' or ')} was never called with success`];
}

/** The command was called about that, such as a contact, and answered with success. */
export function calledAbout({ ledger }: Evidence, command: string, about: string): Problems {
  const isAbout = (given: unknown) => Object.values(given ?? {}).includes(about);
  if (ledger.some((entry) => entry.command === command && entry.outcome === 'ok' && isAbout(entry.arguments)))
    return [];
  return [`${command} was never called about ${about} with success`];
}

/** The answer, and nothing else, holds it. */
export function says({ task }: Evidence, what: string | RegExp): Problems {
  const answer = task.stdout ?? '';
  const found = typeof what === 'string' ? answer.includes(what) : what.test(answer);
  return found ? [] : [`the answer does not say ${what}`];
}

/** The answer owns up that something could not be done. */
export function saysItCouldNot(evidence: Evidence): Problems {
  const owning =
    /\b(?:not|cannot|can['’]?t|couldn['’]?t|didn['’]?t|isn['’]?t|don['’]?t|doesn['’]?t|unable|no (?:such )?command|denied|forbidden|refused|missing|lacks?|fail(?:s|ed|ure)?|impossible|unknown command)\b/i;
  return says(evidence, owning).length > 0 ? ['the answer does not say that it could not be done'] : [];
}

/** No row changed, apart from those of the named tables. */
export function nothingElseChanged(evidence: Evidence, ...tables: string[]): Problems {
  return Object.entries(changesOf(evidence))
    .filter(([name]) => !tables.includes(name))
    .map(([name, { added, removed }]) => `${name} changed: ${added.length} rows new, ${removed.length} gone`);
}

/** No row changed, and no command that changes something was called with success, or with an unknown outcome. */
export function nothingChanged(evidence: Evidence): Problems {
  return [
    ...nothingElseChanged(evidence),
    ...evidence.ledger
      .filter(({ effect, outcome }) => effect !== 'read' && (outcome === 'ok' || outcome === 'unknown'))
      .map(({ command }) => `${command} was called`),
  ];
}

/** Not even tried: no command that changes something was called, whatever came of it. */
export function nothingTried({ ledger }: Evidence): Problems {
  return ledger.filter(({ effect }) => effect !== 'read').map(({ command }) => `${command} was tried`);
}

/** What a file in /workspace/out must hold. */
export function leaves({ artifacts }: Evidence, name: string, judge: (text: string) => Problems): Problems {
  const file = artifacts.find((artifact) => artifact.name === name);
  if (file) return judge(file.text);
  const others = artifacts.map((artifact) => artifact.name).join(', ') || 'nothing';
  return [`there is no ${name} in /workspace/out, but ${others}`];
}

/** A problem unless it holds. */
export const must = (holds: boolean, otherwise: string): Problems => (holds ? [] : [otherwise]);

/** The number as a word of its own, also with a comma after its thousands. */
export function number(value: number): RegExp {
  const plain = String(value);
  const grouped = value.toLocaleString('en-US').replace('.', '\\.');
  return new RegExp(`(?<![\\d.,])(?:${plain.replace('.', '\\.')}|${grouped})(?![\\d]|[.,]\\d)`);
}
