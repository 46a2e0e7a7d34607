// The one-line usage of a command, for help and for usage errors.
import type { ManifestCommand } from '../protocol/manifest.ts';
import { type Flag, flagsOf, kebabCase } from './flags.ts';

/** `seed keys revoke <id> [flags]` */
export function usageLine(command: ManifestCommand): string {
  const path = command.positional.map((property) => `<${kebabCase(property)}>`);
  const others = flagsOf(command).filter((flag) => !command.positional.includes(flag.property));
  const required = others.filter(isMandatory);
  const text = required.find((flag) => flag.kind === 'string');
  const words = required.map((flag) =>
    flag === text ? `<${flag.name}>` : `--${flag.name} ${placeholder(flag)}`,
  );
  const optional = others.length > required.length ? ['[flags]'] : [];
  return ['seed', command.name, ...path, ...words, ...optional].join(' ');
}

export function isMandatory(flag: Flag): boolean {
  return flag.required && flag.default === undefined;
}

/** What stands for a flag's value: `<text>`, `<a,b,…>`, `active|expired`. */
export function placeholder(flag: Flag): string {
  const words = flag.choices.length > 0 && flag.choices.length <= 6 ? flag.choices.join('|') : undefined;
  switch (flag.kind) {
    case 'boolean':
      return '';
    case 'list':
      return `<${words ?? 'a,b,…'}>`;
    case 'files':
      return '<path[=name]>';
    case 'record':
      return '<name=value>';
    case 'integer':
    case 'number':
      return '<number>';
    case 'json':
      return '<json>';
    default:
      return `<${words ?? 'text'}>`;
  }
}
