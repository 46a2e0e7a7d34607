// The files of the TypeScript client that are made from Seed's own commands. Used by scripts/client.ts and by the
// test that holds them to the commands.
import { clientCommands, commandEntries, namedTypes, type SeedDocument } from '../../src/openapi/client-types.ts';
import { ERROR_STATUS } from '../../src/protocol/errors.ts';
import { BUILT_IN } from '../../src/server/built-in.ts';
import { toOpenApi } from '../../src/server/http/openapi.ts';

const MADE = '// Made from the commands by `npm run client`; do not change it by hand.\n';
const KINDS = { object: '', list: ' l', stream: ' s', file: ' f' } as const;

/** Their texts by their names. */
export function generatedClient(): Record<string, string> {
  const document = toOpenApi(BUILT_IN, '') as unknown as SeedDocument;
  const commands = clientCommands(document);
  const lines = commands.map(
    ({ name, http, kind }) => `  ${JSON.stringify(name)}: ${JSON.stringify(http + KINDS[kind])},\n`,
  );
  const codes = Object.keys(ERROR_STATUS).map((code) => `  | ${JSON.stringify(code)}\n`);
  return {
    'commands.ts': `${MADE}\n/** Where each command is called; behind it l: a list, s: a stream, f: a file. */\nexport const COMMANDS: Record<string, string> = {\n${lines.join('')}};\n`,
    'types.ts': `${MADE}\nexport type ErrorCode =\n${codes.join('').trimEnd()};\n${namedTypes(commands, document.components.schemas, '')}\nexport interface BuiltInCommands {\n${commandEntries(commands, '  ')}}\n`,
  };
}
