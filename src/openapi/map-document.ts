// An OpenAPI document as operations that can be commands, and a report of all that it has and they have not.
import { isRecord } from '../lib/json.ts';
import { readAnswer, readBody } from './body.ts';
import { chooseCredential, credentialObstacle, isPublic } from './credentials.ts';
import { type Document, isSameServer, nodesOf, serverOf } from './document.ts';
import {
  type Choice,
  type Found,
  findOperations,
  isChosen,
  type LeftOut,
  namesOf,
  refuseIdle,
} from './find-operations.ts';
import { nameInputs } from './input-names.ts';
import { type CommandName, keyOf, nameOperations } from './names.ts';
import type { Credential, Operation, OperationsFile } from './operation.ts';
import { readParameters } from './parameters.ts';
import { createSchemas, oneLine, type Schemas } from './schema.ts';
import { type Mended, withoutUnresolved } from './unresolved.ts';

interface Mapped {
  file: Omit<OperationsFile, 'sha256'>;
  /** Operations that are no commands. */
  leftOut: LeftOut[];
  /** Parts of operations that are. */
  partly: LeftOut[];
  /** How many operations are there and were not asked for. */
  notChosen: number;
}

interface MapOptions {
  choice?: Choice;
  /** What an earlier import wrote: names stay as they are. */
  before?: readonly Operation[];
}

const ALL: Choice = { only: [], except: [] };

/** @param scheme the security scheme to use; undefined: that of most operations. @throws SeedError usage */
export function mapDocument(
  document: Document,
  scheme?: string,
  { choice = ALL, before = [] }: MapOptions = {},
): Mapped {
  const { root, resolve, location } = document;
  const elsewhere: LeftOut[] = [];
  const all = findOperations(document, elsewhere);
  const earlier = new Map(before.map((operation) => [keyOf(operation), operation]));
  const names = nameOperations(all.map(namedAs), earlier);
  const known = all.map((each, index) => [...namesOf(each), ...commandNames(names[index])]);
  refuseIdle(choice, [...known, ...elsewhere.map(({ operation }) => [operation])]);
  const leftOut = elsewhere.filter(({ operation }) => isChosen(choice, [operation]));
  const chosen = all.flatMap((found, index) =>
    isChosen(choice, known[index] ?? []) ? [{ found, name: names[index] }] : [],
  );
  const credential = chooseCredential(
    document,
    chosen.map(({ found }) => found.node),
    scheme,
  );
  const partly: LeftOut[] = [];
  const ids = idsOf(all);
  const mended = withoutUnresolved(
    document,
    chosen.map(({ found }) => found),
  );
  const schemas = createSchemas(resolve);
  const operations = mended.flatMap((each, index): Operation[] => {
    const { noun, verb } = chosen[index]?.name ?? { noun: '', verb: '' };
    const operation = `${each.found.method} ${each.found.path}`;
    const result = mapOperation({ document, schemas }, each, { credential, before: earlier.get(operation) });
    if (typeof result === 'string') {
      leftOut.push({ operation, why: result });
      return [];
    }
    partly.push(...result.partly.map((why) => ({ operation, why })));
    const { summary } = result.operation;
    const id = ids.get(operation) ?? operation;
    return [{ id, ...result.operation, noun, verb, summary: summary || `${verb.replaceAll('-', ' ')} (${noun})` }];
  });
  const info = resolve(root['info']) ?? {};
  if (isRecord(root['webhooks']))
    partly.push({ operation: 'webhooks', why: 'what the platform would call is not passed on' });
  return {
    file: {
      title: oneLine(info['title'], 80) || 'Imported',
      version: oneLine(String(info['version'] ?? ''), 40),
      server: serverOf(root, location),
      credential,
      ...((choice.only.length > 0 || choice.except.length > 0) && { chosen: choice }),
      ...(Object.keys(schemas.definitions).length > 0 && { definitions: schemas.definitions }),
      operations,
    },
    leftOut,
    partly,
    notChosen: all.length - chosen.length,
  };
}

const commandNames = (name: CommandName | undefined) => (name ? [name.noun, `${name.noun} ${name.verb}`] : []);

function namedAs({ method, path, node }: Found) {
  const { operationId } = node;
  const [tag] = nodesOf(node['tags']);
  return {
    method,
    path,
    operationId: typeof operationId === 'string' ? operationId : null,
    tag: typeof tag === 'string' ? tag : null,
  };
}

/** The operationId of each by method and path, where no other has it. */
function idsOf(all: readonly Found[]): Map<string, string> {
  const byId = Map.groupBy(all, ({ node }) => node['operationId']);
  const alone = [...byId].filter(([id, { length }]) => typeof id === 'string' && id !== '' && length === 1);
  return new Map(alone.flatMap(([id, [found]]) => (found ? [[keyOf(found), String(id)] as const] : [])));
}

/** The operation without its name, or why it cannot be a command. */
function mapOperation(
  { document, schemas }: { document: Document; schemas: Schemas },
  { found, obstacle: missing, partly: withoutThese }: Mended,
  { credential, before }: { credential: Credential; before: Operation | undefined },
): { operation: Omit<Operation, 'id' | 'noun' | 'verb'>; partly: string[] } | string {
  const { method, path, pathItem, node } = found;
  const { root, resolve } = document;
  const servers = node['servers'] ?? pathItem['servers'];
  if (servers !== undefined && !isSameServer({ servers }, root)) return 'another server answers it';
  if (/[?#]/.test(path)) return 'its path is more than a path';
  if (missing !== null) return missing;
  const obstacle = credentialObstacle(document, node, credential);
  if (obstacle !== null) return obstacle;
  const parameters = readParameters({ resolve, schemas }, { path, pathItem, node }, credential);
  if (parameters.obstacle !== null) return parameters.obstacle;
  const body = readBody({ resolve, schemas }, node);
  if (typeof body === 'string') return body;
  const answer = readAnswer({ resolve, schemas }, node);
  if (typeof answer === 'string') return answer;
  const callbacks = isRecord(node['callbacks']) ? ['its callbacks are not received'] : [];
  return {
    operation: {
      summary: oneLine(node['summary'] ?? node['description'], 120).replace(/\.$/, ''),
      method,
      path,
      ...(node['deprecated'] === true && { deprecated: true }),
      ...(isPublic(node) && { public: true }),
      ...nameInputs([...parameters.taken, ...body.taken], { together: body.together, before }),
      ...(body.sends !== null && { sends: body.sends }),
      ...answer,
    },
    partly: [...withoutThese, ...parameters.leftOut, ...body.leftOut, ...callbacks],
  };
}
