// Debian's Chromium for browser tests and screenshots: where it is, how it gets there, how it is started.
import { accessSync, constants } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium } from 'playwright-core';
import { exec } from '../../src/lib/exec.ts';

const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };
/** Chromium without windows takes half the processor of the whole one; older releases have only that. */
const SHELL = 'chromium-headless-shell';
const WHOLE = 'chromium';
const FONTS = 'fonts-liberation';
export const INSTALL_COMMAND = `apt-get install --no-install-recommends ${SHELL} ${FONTS}`;

export interface PageOptions {
  theme?: 'light' | 'dark';
  phone?: boolean;
}

/** Null when there is none: the one that SEED_CHROMIUM names, else Debian's. */
export function findChromium(): string | null {
  const named = process.env['SEED_CHROMIUM'];
  return (named ? [named] : [SHELL, WHOLE].map(pathOf)).find(canRun) ?? null;
}

const pathOf = (name: string) => `/usr/bin/${name}`;

function canRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Installs it where that can be done without asking: by apt, as root.
 * @returns its path, or null when it is not there; `onProgress` has then been told how to get it
 */
export async function ensureChromium(onProgress: (message: string) => void): Promise<string | null> {
  const isLacking = !process.env['SEED_CHROMIUM'] && !canRun(pathOf(SHELL));
  if (isLacking && process.getuid?.() === 0) {
    onProgress('installing Chromium for the browser tests (about half a minute)');
    await install(SHELL).catch(async (error: Error) => {
      // With the whole one there is no lack of a browser, and nothing to tell.
      if (!canRun(pathOf(WHOLE))) await install(WHOLE).catch(() => onProgress(error.message));
    });
  }
  const path = findChromium();
  if (path === null) {
    onProgress(`no Chromium: browser tests are skipped. As root: ${INSTALL_COMMAND}; or set SEED_CHROMIUM`);
  }
  return path;
}

async function install(name: string): Promise<void> {
  const env = { ...(process.env as Record<string, string>), DEBIAN_FRONTEND: 'noninteractive' };
  const options = ['-qq', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::http::Timeout=20'];
  await exec('apt-get', [...options, 'update'], { env });
  await exec('apt-get', [...options, '--yes', 'install', '--no-install-recommends', name, FONTS], { env });
}

/**
 * A browser with an empty profile of its own, which is removed when it is closed. It asks for nothing by itself.
 */
export function launchChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    headless: true,
    chromiumSandbox: process.getuid?.() !== 0,
    args: [
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** A desktop or a phone, light or dark, without motion. */
export function contextOptions(
  baseURL: string,
  { theme = 'light', phone = false }: PageOptions,
): BrowserContextOptions {
  return {
    baseURL,
    colorScheme: theme,
    viewport: phone ? PHONE : DESKTOP,
    hasTouch: phone,
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
  };
}
