// The operations that an import takes out of the kept documents, each called once over a real socket, against a
// platform that judges the request by its document with other libraries. The kept form takes every so many-th of a
// large document; SEED_OPENAPI_ALL=1 calls all of them.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findOperations } from '../../src/openapi/find-operations.ts';
import { loadDocument } from '../../src/openapi/load-document.ts';
import { mapDocument } from '../../src/openapi/map-document.ts';
import type { Operation } from '../../src/openapi/operation.ts';
import type { Definitions } from '../../src/openapi/schema.ts';
import { problemsOf } from '../../src/pack/judge-input.ts';
import type { Platform } from '../../src/pack/platform.ts';
import { platformAnswer } from '../../src/pack/platform-answer.ts';
import { platformRequest } from '../../src/pack/platform-request.ts';
import { sendToPlatform } from '../../src/pack/send.ts';
import { CORPUS, hasShared, scratchFolder } from '../fixtures/openapi/corpus.ts';
import { sampleInput } from '../fixtures/openapi/sample-input.ts';
import { startValidatingPlatform } from '../fixtures/openapi/validating-platform.ts';

const isAll = process.env['SEED_OPENAPI_ALL'] === '1';
const MOST = isAll ? Number.POSITIVE_INFINITY : 25;
const CALLER = {
  account: { id: 'a1', name: 'a' },
  actor: { keyId: 'k', keyName: 'k', scopes: [], taskId: null },
  creationId: '3f0c5c1e-5f4e-4d3c-9a51-0d3b2d0a7f11',
};

let scratch: Awaited<ReturnType<typeof scratchFolder>>;
beforeAll(async () => {
  scratch = await scratchFolder();
});
afterAll(() => scratch[Symbol.asyncDispose]());

describe.each(CORPUS)('$name', ({ name: ofDocument, isShared, file }) => {
  const isAway = isShared && !hasShared;
  const title = `is called as its document says${isAway ? ' (../shared/openapi is not there)' : ''}`;
  it.skipIf(isAway)(title, { timeout: 600_000 }, async () => {
    const { document } = await loadDocument(await file(scratch.path), []);
    const { file: imported } = mapDocument(document);
    const { operations, definitions = {} } = imported;
    const found = new Map(findOperations(document, []).map((each) => [`${each.method} ${each.path}`, each]));
    const server = await startValidatingPlatform(document);
    const platform: Platform = {
      title: imported.title,
      baseUrl: server.url,
      credential: imported.credential,
      secret: 'secret',
      secretSetting: 'SEED_PACK_X_TOKEN',
      sendCaller: false,
      oauth: null,
      isHeld: false,
    };
    const step = Math.max(1, Math.ceil(operations.length / MOST));
    const wrong: string[] = [];
    let called = 0;
    /** For which no example can be made by their schemas. */
    const unsampled: string[] = [];
    for (const operation of operations.filter((_, index) => index % step === 0)) {
      const name = `${operation.method} ${operation.path}`;
      const described = found.get(name);
      if (described === undefined) throw new Error(`${name} is not in the document`);
      const input = sampleInput(operation, definitions);
      called += 1;
      if (ownProblems(operation, input, definitions).length > 0) {
        unsampled.push(name);
        continue;
      }
      const request = platformRequest(platform, { operation, definitions }, input, CALLER);
      server.expect(described);
      const sending = { effect: 'write', given: new AbortController().signal, mayRepeat: false };
      const response = await sendToPlatform(platform, request, sending);
      const problems = server.judged() ?? ['it did not arrive'];
      if (problems.length > 0) wrong.push(`${name}: ${problems.slice(0, 3).join('; ')}`);
      if (operation.answers !== 'file') platformAnswer({ operation, definitions }, response);
    }
    await server.close();
    if (isAll) process.stdout.write(`· ${ofDocument}: ${operations.length} taken, ${called} called\n`);
    expect(wrong).toEqual([]);
    expect(unsampled).toEqual([]);
  });
});

function ownProblems(operation: Operation, input: Record<string, unknown>, definitions: Definitions): string[] {
  return Object.entries(input).flatMap(([name, value]) => {
    const schema = operation.whole?.[name] ?? operation.properties[name] ?? {};
    return problemsOf(schema, value, definitions).map(
      ({ path, message }) => `${[name, ...path].join('.')}: ${message}`,
    );
  });
}
