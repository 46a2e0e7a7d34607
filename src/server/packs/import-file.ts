// Imports a file that an adopter wrote; what is wrong with it is told with the file and the line.
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SeedError } from '../../protocol/errors.ts';
import { packProblem } from './pack-problem.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** @param shown the file as messages name it. @throws SeedError invalid_settings */
export async function importFile(href: string, shown: string): Promise<Record<string, unknown>> {
  try {
    return (await import(/* @vite-ignore */ href)) as Record<string, unknown>;
  } catch (cause) {
    // It says itself what is wrong, such as a setting that is missing.
    if (cause instanceof SeedError) throw cause;
    throw packProblem(shown, `it cannot be loaded: ${messageOf(cause)}`, { cause });
  }
}

/** The file as messages name it: from the repository's root where it lies there. */
export function shownPath(url: URL): string {
  const path = relative(ROOT, fileURLToPath(url));
  return path.startsWith('..') ? fileURLToPath(url) : path;
}

/** A syntax error's place stands in the first line of its stack and nowhere else. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const places = (error.stack ?? '').match(/(?:file:\/\/)?\/[^\s()]+\.[cm]?[jt]s:\d+/g) ?? [];
  const place = places.find((candidate) => !candidate.includes('/node_modules/'));
  if (place === undefined) return error.message;
  const at = place.lastIndexOf(':');
  return `${error.message} (${shownPath(new URL(place.slice(0, at), 'file:'))}${place.slice(at)})`;
}
