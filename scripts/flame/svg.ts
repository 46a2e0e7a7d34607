// A flame graph as SVG: a block for each function, as wide as the time that it and what it called took, below what
// had called it. Called by ../flame.ts.
import { SEPARATOR, type Stacks } from './stacks.ts';

const WIDTH = 1200;
const HEIGHT = 16;
const TOP = 28;
/** Narrower ones would not be seen. */
const NARROWEST = 2;
/** What lies deeper is in the block that it lies on. */
const DEEPEST = 60;
const LETTER_WIDTH = 6;
const COLORS = ['#f4a261', '#8ecae6', '#e9c46a', '#a7c957', '#cdb4db', '#ffadad', '#bdb2ff', '#90dbf4', '#d4d4d4'];

interface Block {
  name: string;
  samples: number;
  below: Map<string, Block>;
}

export interface FlameOptions {
  title: string;
  /** Of so many samples, for the texts. */
  seconds(samples: number): number;
}

export function flameGraph(stacks: Stacks, { title, seconds }: FlameOptions): string {
  const all = tree(stacks);
  const perSample = WIDTH / all.samples;
  const blocks: string[] = [];
  let deepest = 0;

  const draw = (block: Block, from: number, depth: number, color: string): void => {
    const width = block.samples * perSample;
    if (width < NARROWEST || depth > DEEPEST) return;
    deepest = Math.max(deepest, depth);
    const ms = (seconds(block.samples) * 1000).toFixed(1);
    const share = ((100 * block.samples) / all.samples).toFixed(1);
    const [x, y] = [from * perSample, TOP + depth * HEIGHT];
    const letters = Math.floor((width - 4) / LETTER_WIDTH);
    const shown = block.name.length <= letters ? block.name : `${block.name.slice(0, letters - 1)}…`;
    const label =
      letters >= 4 ? `<text x="${(x + 2).toFixed(1)}" y="${y + HEIGHT - 4}">${escaped(shown)}</text>` : '';
    blocks.push(
      `<g><title>${escaped(block.name)}: ${ms} ms, ${share} %</title>` +
        `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${HEIGHT - 1}" fill="${color}"/>${label}</g>`,
    );
    let next = from;
    for (const child of [...block.below.values()].sort(bySamples)) {
      const own =
        depth === 0 ? (COLORS[[...block.below.values()].sort(bySamples).indexOf(child)] ?? '#ddd') : color;
      draw(child, next, depth + 1, own);
      next += child.samples;
    }
  };
  draw(all, 0, 0, '#eee');

  const height = TOP + (deepest + 1) * HEIGHT + 4;
  const heading = `${title}: ${seconds(all.samples).toFixed(2)} s of a processor`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="monospace" font-size="10">`,
    `<title>${escaped(heading)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="4" y="18" font-size="13">${escaped(heading)}</text>`,
    ...blocks,
    '</svg>\n',
  ].join('\n');
}

const bySamples = (one: Block, other: Block) => other.samples - one.samples;

function tree(stacks: Stacks): Block {
  const all: Block = { name: 'all', samples: 0, below: new Map() };
  for (const [stack, samples] of stacks) {
    let block = all;
    block.samples += samples;
    for (const name of stack.split(SEPARATOR)) {
      const next: Block = block.below.get(name) ?? { name, samples: 0, below: new Map() };
      block.below.set(name, next);
      next.samples += samples;
      block = next;
    }
  }
  return all;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
