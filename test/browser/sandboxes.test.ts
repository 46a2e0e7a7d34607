// The page of sandboxes on a whole Seed: the real runner, its warm pool and probes, and a task in a real sandbox.
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import type { RunnerView } from '../../src/protocol/runner.ts';
import { WEB_FOLDER } from '../../src/server/dashboard/web-files.ts';
import { describeInBrowser, expectAccessible } from '../fixtures/browser.ts';
import { bash, startSeed, until } from '../fixtures/seed.ts';
import { startTestServer } from '../fixtures/server.ts';

const fits = async (page: Page) =>
  expect(await page.evaluate('document.documentElement.scrollWidth > window.innerWidth')).toBe(false);

describeInBrowser(
  'the page of sandboxes',
  (browser) => {
    const runner = async (): Promise<RunnerView | undefined> =>
      (await browser.server.call<{ items: RunnerView[] }>('GET', '/api/v1/sandboxes')).body.items[0];

    it('shows the real runner: what its probes said, its pool and its snapshot', async () => {
      const seen = await until(
        'a sandbox waits',
        async () => {
          const one = await runner();
          return one?.pool?.ready === 1 && one;
        },
        60_000,
      );
      expect(seen.snapshot).toEqual({ id: expect.any(String), imageId: expect.any(String) });
      const page = await browser.signedIn({ path: '/sandboxes' });
      const shown = page.getByRole('region', { name: seen.name });
      await shown.getByText('1 of 1 wait').waitFor();
      await shown.getByText(seen.snapshot?.id ?? '', { exact: true }).waitFor();
      const drivers = shown.getByRole('listitem');
      expect(await drivers.count()).toBe(seen.probes.length);
      for (const [place, { driver, usable, why }] of seen.probes.entries()) {
        const text = await drivers.nth(place).textContent();
        expect(text).toContain(driver);
        expect(text).toContain(usable ? 'Works, in use' : 'Does not work here');
        expect(text).toContain(why ?? '');
      }
      expect(seen.probes.some(({ driver }) => driver === seen.driver)).toBe(true);
      await expectAccessible(page);
    });

    it('shows a task in its sandbox as it begins and as it ends, without being told to', async () => {
      const page = await browser.signedIn({ path: '/sandboxes', theme: 'dark' });
      await page.getByText('None: no task runs here now.').waitFor();
      const task = await browser.server.postTask({ instruction: bash('echo up; sleep 600') });
      const link = page.getByRole('link', { name: task.id });
      await link.waitFor();
      await page.getByRole('cell', { name: 'working' }).waitFor();
      await page.getByText('1 of 2 taken').waitFor();
      expect(await link.getAttribute('href')).toBe(`/tasks/${task.id}`);
      await expectAccessible(page);
      await browser.server.call('POST', `/api/v1/tasks/${task.id}/stop`);
      await link.waitFor({ state: 'detached' });
      await page.getByText('0 of 2 taken').waitFor();
    });

    it('is no wider than a phone', async () => {
      const page = await browser.signedIn({ path: '/sandboxes', phone: true });
      await page.getByText('Works, in use').waitFor();
      await expectAccessible(page);
      await fits(page);
    });
  },
  async () => {
    const seed = await startSeed({ SEED_POOL_SIZE: '1', SEED_RUNNER_SLOTS: '2' });
    return { ...seed, stop: seed.remove };
  },
);

describeInBrowser(
  'the page of sandboxes without sandboxes',
  (browser) => {
    it('says how a runner is connected', async () => {
      const page = await browser.signedIn({ path: '/sandboxes' });
      await page.getByText('No runner is connected').waitFor();
      await page.getByText(`SEED_SERVER_URL=${browser.server.url}`).waitFor();
      await expectAccessible(page);
    });

    it('shows each driver that does not work with its reason, and tasks of others without a link', async () => {
      const other = await browser.server.call('POST', '/api/v1/accounts', { body: { name: 'other' } });
      const probes = [
        {
          driver: 'firecracker',
          usable: false,
          isolation: 'vm' as const,
          why: 'no /dev/kvm\nload the module',
        },
        { driver: 'qemu-emulated', usable: true, isolation: 'emulated' as const },
      ];
      const own = { name: 'host one', driver: 'qemu-emulated', isolation: 'emulated' as const, probes };
      const working = browser.server.runner(own);
      const { body } = await browser.server.call('POST', '/api/v1/tasks/run', {
        body: { instruction: 'wait' },
        key: other.body.secret,
      });
      await working.lease();
      const broken = browser.server.runner({
        name: 'host two',
        driver: null,
        isolation: null,
        probes: probes.slice(0, 1),
      });
      await broken.appear();
      const page = await browser.signedIn({ path: '/sandboxes' });
      const first = page.getByRole('region', { name: 'host one' });
      await first.getByText(body.task.id).waitFor();
      expect(await first.getByRole('link').count()).toBe(0);
      await first.getByText('emulated: no security boundary').first().waitFor();
      const second = page.getByRole('region', { name: 'host two' });
      await second.getByText('Takes no tasks: no driver works').waitFor();
      await second.getByText('no /dev/kvm').waitFor();
      await expectAccessible(page);
    });

    it('is not offered to other accounts', async () => {
      const other = await browser.server.call('POST', '/api/v1/accounts', { body: { name: 'third' } });
      const page = await browser.signedIn({ key: other.body.secret, path: '/commands' });
      const pages = page.getByRole('navigation', { name: 'Pages' });
      await pages.getByRole('link', { name: 'Usage' }).waitFor();
      expect(await pages.getByRole('link', { name: 'Sandboxes' }).count()).toBe(0);
    });
  },
  () => startTestServer({ webFolder: WEB_FOLDER }),
);
