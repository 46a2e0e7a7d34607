import { expect, it } from 'vitest';
import { bundleCli, renderCli } from './cli-bundle.ts';

it('makes one file without dependencies that holds any manifest safely', async () => {
  const bundled = await bundleCli();
  expect(bundled.startsWith('#!/usr/bin/env node\n')).toBe(true);
  const imports = [...bundled.matchAll(/^import .* from "([^"]+)"/gm)].map((match) => match[1]);
  expect(imports.filter((name) => !name?.startsWith('node:'))).toEqual([]);
  expect(bundled.length).toBeLessThan(110_000);

  const manifest = { version: 'quote " back \\ line\n \u2028 \u2029 ` </script', commands: [] };
  const declaration = renderCli(bundled, manifest).split('\n')[1] ?? '';
  const json: unknown = new Function(`${declaration} return SEED_MANIFEST_JSON;`)();
  expect(JSON.parse(String(json))).toEqual(manifest);
});
