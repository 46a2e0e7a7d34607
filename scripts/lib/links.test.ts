// The links between the pages lead somewhere: to a file that is there, and to a heading that it has.
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url).pathname;
const PAGES = globSync(['*.md', '{docs,examples,deploy,packs,clients}/**/*.md'], {
  cwd: ROOT,
  exclude: (path) => path.includes('node_modules'),
});

/** Without what is shown as it is: fenced blocks and code in a line. */
const proseOf = (page: string) =>
  readFileSync(join(ROOT, page), 'utf8')
    .replaceAll(/^( *)(`{3,})[\s\S]*?^\1\2$/gm, '')
    .replaceAll(/(`+)[^`]+?\1/g, (code) => code.replaceAll(/[[\]()]/g, ''));

/** As GitHub makes them: of headings that are alike the later ones are numbered. */
function anchorsOf(page: string): Set<string> {
  const counts = new Map<string, number>();
  const text = readFileSync(join(ROOT, page), 'utf8').replaceAll(/^( *)(`{3,})[\s\S]*?^\1\2$/gm, '');
  return new Set(
    [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => {
      const shown = title.replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1').toLowerCase();
      const anchor = shown.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-');
      const count = counts.get(anchor) ?? 0;
      counts.set(anchor, count + 1);
      return count === 0 ? anchor : `${anchor}-${count}`;
    }),
  );
}

function wrongLinks(page: string): string[] {
  const links = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? page : join(dirname(page), path);
    if (!existsSync(join(ROOT, target))) return true;
    if (anchor === undefined) return false;
    return statSync(join(ROOT, target)).isDirectory() || !anchorsOf(target).has(anchor);
  });
}

it.each(PAGES)('%s', (page) => {
  expect(wrongLinks(page)).toEqual([]);
});

it('looks at the pages that people begin with', () => {
  expect(PAGES).toEqual(expect.arrayContaining(['README.md', 'CONTRIBUTING.md', 'docs/tasks.md']));
});

it('each page of docs/ is in the list of them, and the README is a screen long', () => {
  const listed = new Set([...proseOf('docs/README.md').matchAll(/\]\(([\w-]+\.md)/g)].map(([, page]) => page));
  const pages = PAGES.filter((page) => /^docs\/[^/]+$/.test(page)).map((page) => page.slice('docs/'.length));
  expect(pages.filter((page) => page !== 'README.md' && !listed.has(page))).toEqual([]);
  expect(readFileSync(join(ROOT, 'README.md'), 'utf8').split('\n').length).toBeLessThanOrEqual(50);
});
