// Joins Tailwind classes; what is false or undefined is left out.
export function classNames(...names: (string | false | null | undefined)[]): string {
  return names.filter(Boolean).join(' ');
}
