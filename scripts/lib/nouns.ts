// How many files and folders of src/server a noun of the product takes: who looks for a task should find it in one
// place.
import type { Graph } from './import-graph.ts';

const NOUNS = ['task', 'key', 'webhook'] as const;
/** The noun's own folder, and one that shows it to others. */
const MOST_FOLDERS = 2;

export interface NounPlace {
  noun: string;
  files: number;
  folders: string[];
}

/** @param graph of src/. A file is the noun's when its name or its folder's has the noun as a word */
export function placesOfNouns(graph: Graph): NounPlace[] {
  return NOUNS.map((noun) => {
    const word = new RegExp(`(^|[/-])${noun}s?(?=[-./]|$)`);
    const files = [...graph.keys()].filter((file) => file.startsWith('server/') && word.test(file));
    return { noun, files: files.length, folders: [...new Set(files.map(folderOf))].sort() };
  });
}

/** @returns a line for each noun that is scattered */
export function scatteredNouns(graph: Graph): string[] {
  return placesOfNouns(graph)
    .filter(({ folders }) => folders.length > MOST_FOLDERS)
    .map(({ noun, folders }) => `${noun}: in ${folders.length} folders of src/server: ${folders.join(', ')}`);
}

const folderOf = (file: string) => file.split('/')[1] ?? '';
