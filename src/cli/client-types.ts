// seed client types: the types of a platform's own commands for the TypeScript client. Used by local-commands.ts.
import {
  type ClientCommand,
  clientCommands,
  commandEntries,
  namedTypes,
  type SeedDocument,
} from '../openapi/client-types.ts';
import { SeedError } from '../protocol/errors.ts';
import { createApi } from './api.ts';
import { EXIT } from './io.ts';
import type { LocalCommand } from './local-command.ts';
import { loadProfile } from './profile.ts';

/** What the client's package is called unless it is told otherwise: clients/typescript/package.json. */
export const CLIENT_PACKAGE = 'seed-client';

export const clientTypes: LocalCommand = {
  name: 'client types',
  summary: "Print TypeScript types of the platform's own commands, for the TypeScript client",
  usage: 'seed client types [--package <name>]',
  flags: [{ name: '--package <name>', summary: `What the client is imported as; ${CLIENT_PACKAGE} unless given` }],
  examples: ['seed client types > seed.d.ts'],
  async run(io, flags, values) {
    const profile = loadProfile(io, flags.url);
    const text = await createApi(io, profile).get('/openapi.json');
    const document = readDocument(text, profile.url);
    const module = typeof values['package'] === 'string' ? values['package'] : CLIENT_PACKAGE;
    io.stdout.write(declarationOf(document, module));
    return EXIT.ok;
  },
};

function readDocument(text: string, url: string): SeedDocument {
  try {
    const document = JSON.parse(text) as SeedDocument;
    if (document.paths && document.components) return document;
  } catch {
    // Said below.
  }
  throw new SeedError('unreachable', `${url}/openapi.json is no description of a Seed's commands`);
}

/** Seed's own commands the client knows already; their types are its own. */
function declarationOf(document: SeedDocument, module: string): string {
  const commands = clientCommands(document);
  const own = commands.filter(({ pack }) => pack === null);
  const ofPacks = commands.filter(({ pack }) => pack !== null);
  const { schemas } = document.components;
  const known = new Set(namesOf(own, schemas));
  const theirs = Object.fromEntries(Object.entries(schemas).filter(([name]) => !known.has(name)));
  const shared = namesOf(ofPacks, schemas).filter((name) => known.has(name));
  const imported =
    shared.length === 0 ? `import '${module}';` : `import type { ${shared.join(', ')} } from '${module}';`;
  const packs = [...new Set(ofPacks.map(({ pack }) => pack))].join(', ') || 'none';
  return `// Made by \`seed client types\` from the packs ${packs}. Make it anew when they change.
${imported}

declare module '${module}' {
  interface Commands {
${commandEntries(ofPacks, '    ')}  }
}

${namedTypes(ofPacks, theirs, '')}`;
}

/** Of the named schemas that these need, as types. */
function namesOf(commands: readonly ClientCommand[], schemas: SeedDocument['components']['schemas']): string[] {
  return [...namedTypes(commands, schemas, '').matchAll(/^export type (\S+) =/gm)].map(([, name = '']) => name);
}
