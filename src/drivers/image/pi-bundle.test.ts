// What of Pi a guest takes is read off its bundle; one that takes it some other way gets all of it.
import { expect, test } from 'vitest';
import { bundleGuest } from '../../guest/bundle.ts';
import { namesOfPi } from './pi-bundle.ts';

const PI = '@earendil-works/pi-coding-agent';

test('the names of all imports, each once, by what Pi calls them', () => {
  const plain = `import {\n  one,\n  two as two2\n} from "${PI}";\nimport { one as one2, three } from "${PI}";`;
  expect(namesOfPi(plain)).toEqual(['one', 'three', 'two']);
  expect(namesOfPi(`import{one,two as a}from"${PI}";`)).toEqual(['one', 'two']);
});

test('no names where there are none, or not all that is taken has one', () => {
  expect(namesOfPi('console.log("ready")')).toBeNull();
  expect(namesOfPi(`import { one } from "${PI}"; import * as all from "${PI}";`)).toBeNull();
  expect(namesOfPi(`import { one } from "${PI}"; await import("${PI}");`)).toBeNull();
});

test("the guest's own are told", async () => {
  const guest = new TextDecoder().decode(await bundleGuest());
  expect(namesOfPi(guest)).toEqual(expect.arrayContaining(['ModelRuntime', 'createAgentSession', 'defineTool']));
  // Schemas and their library are a third of what it would hold in memory; it checks without them.
  expect(guest).not.toContain('node_modules/zod');
});
