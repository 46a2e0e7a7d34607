// npm run screens: pictures of every page of the dashboard, light and dark, on a desktop and a phone, into
// docs/screens/, and what axe finds on each. npm run screens -- keys key: of these shots alone; the others stay.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { onProgress } from '../src/drivers/set-up/set-up-here.ts';
import { exitOnFailure } from '../src/lib/process-life.ts';
import { SeedError } from '../src/protocol/errors.ts';
import { axeFindings } from './lib/axe.ts';
import { contextOptions, ensureChromium, launchChromium, type PageOptions } from './lib/chromium.ts';
import { setUpWithProgress } from './lib/set-up.ts';
import { type SampleSeed, startSampleSeed } from './screens/sample-seed.ts';
import { SHOTS } from './screens/shots.ts';
import { smallPng } from './screens/small-png.ts';

const FOLDER = fileURLToPath(new URL('../docs/screens/', import.meta.url));
/** All, unless some are named. */
const named = process.argv.slice(2);
const wanted = SHOTS.filter(({ name }) => named.length === 0 || named.includes(name));
const VARIANTS: readonly Required<PageOptions>[] = [
  { theme: 'light', phone: false },
  { theme: 'dark', phone: false },
  { theme: 'light', phone: true },
  { theme: 'dark', phone: true },
];

/** By axe, on any of them. */
const found: string[] = [];

await exitOnFailure(async () => {
  await setUpWithProgress();
  const chromium = await ensureChromium(onProgress);
  if (chromium === null) throw new SeedError('setup_failed', 'pictures need Chromium');
  onProgress('starting a Seed with sample data');
  const seed = await startSampleSeed();
  try {
    const browser = await launchChromium(chromium);
    try {
      if (named.length === 0) await rm(FOLDER, { recursive: true, force: true });
      await mkdir(FOLDER, { recursive: true });
      for (const variant of VARIANTS) await photograph(browser, seed, variant);
    } finally {
      await browser.close();
    }
  } finally {
    await seed.remove();
  }
  if (found.length > 0) throw new Error(`axe has findings:\n${found.join('\n')}`);
});

/** @throws Error when a page of the navigation has no picture */
async function photograph(browser: Browser, seed: SampleSeed, variant: Required<PageOptions>): Promise<void> {
  const context = await browser.newContext(contextOptions(seed.url, variant));
  const page = await context.newPage();
  const take = async ({ name, path, ready, live }: (typeof SHOTS)[number]) => {
    await page.goto(path);
    await ready(page);
    if (!live) await page.waitForLoadState('networkidle');
    const file = `${name}-${variant.theme}-${variant.phone ? 'phone' : 'desktop'}.png`;
    const picture = await page.screenshot({ animations: 'disabled', caret: 'hide' });
    await writeFile(FOLDER + file, smallPng(picture));
    onProgress(`docs/screens/${file}`);
    for (const finding of await axeFindings(page)) found.push(`${file}: ${finding}`);
  };
  for (const shot of wanted.filter(({ stranger }) => stranger)) await take(shot);
  await page.goto('/sign-in');
  await page.getByLabel('API key').fill(seed.key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('main#content').waitFor();
  for (const shot of wanted.filter(({ stranger }) => !stranger)) await take(shot);
  refuseForgotten(
    await page
      .locator('nav[aria-label=Pages] a')
      .evaluateAll((links) => links.map((link) => link.getAttribute('href') ?? '')),
  );
  await context.close();
}

function refuseForgotten(paths: readonly string[]): void {
  const forgotten = paths.filter((path) => !SHOTS.some((shot) => shot.path === path));
  if (forgotten.length > 0)
    throw new Error(`no picture of ${forgotten.join(', ')}: add it to scripts/screens/shots.ts`);
}
