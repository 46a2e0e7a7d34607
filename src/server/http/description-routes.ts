// GET /openapi.json: what there is, for everybody to read. Made when it is first asked for, since with
// imported packs it has thousands of operations.
import { Hono } from 'hono';
import type { Command } from '../../command/define-command.ts';
import type { HttpEnv } from './http-types.ts';
import { toOpenApi } from './openapi.ts';
import { prefixIn } from './request-headers.ts';

/** What a description says before it is known how its reader reaches this Seed: it is made once for all. */
const AT_ROOT = serversAt('');

const JSON_TYPE = { 'content-type': 'application/json' };

export function descriptionRoutes(commands: readonly Command[], version: string): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();
  const byNoun = Map.groupBy(commands, ({ name }) => name.split(' ')[0] ?? name);
  const kept = { description: null as string | null };
  /** Of the nouns alone that are asked for (`?noun=issues&noun=pulls`): the whole may be many megabytes. */
  app.get('/openapi.json', (c) => {
    const at = (description: string) => description.replace(AT_ROOT, serversAt(prefixIn(c)));
    const nouns = c.req.queries('noun') ?? [];
    if (nouns.length > 0) {
      const asked = [...new Set(nouns)].flatMap((noun) => byNoun.get(noun) ?? []);
      return c.body(at(JSON.stringify(toOpenApi(asked, version))), 200, JSON_TYPE);
    }
    kept.description ??= JSON.stringify(toOpenApi(commands, version));
    return c.body(at(kept.description), 200, JSON_TYPE);
  });
  return app;
}

/** Relative to the description's own origin. */
function serversAt(prefix: string): string {
  return `"servers":${JSON.stringify([{ url: prefix === '' ? '/' : prefix }])}`;
}
