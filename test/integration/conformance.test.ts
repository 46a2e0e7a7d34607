// The parts of `npm run conformance`, as far as they are done quickly, against a server of their own.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PARTS } from '../../scripts/conformance/parts.ts';
import { runPart } from '../../scripts/conformance/run-parts.ts';
import { startTestServer, type TestServer, withExamples } from '../fixtures/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ packs: withExamples('commerce', 'crm', 'devops', 'healthcare') });
});
afterAll(() => server?.stop());

for (const part of PARTS.filter(({ isTest }) => !isTest)) {
  const why = await part.why();
  it.skipIf(why !== null)(why === null ? part.name : `${part.name}: ${why}`, { timeout: 300_000 }, async () => {
    const { passed, failed, notes } = await runPart(part, server, { quick: true });
    expect({ failed, notes: failed > 0 ? notes : [] }).toEqual({ failed: 0, notes: [] });
    expect(passed).toBeGreaterThan(0);
  });
}
