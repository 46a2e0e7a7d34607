// An OpenAPI document as operations that can be commands, and a report of all that it has and they have not.
import { isRecord } from '../lib/json.ts';
import { readAnswer, readBody } from './body.ts';
import { chooseCredential, credentialObstacle, isPublic } from './credentials.ts';
import { type Document, isSameServer, type Node, nodesOf, serverOf } from './document.ts';
import { nameInputs, nameOperations } from './names.ts';
import type { Credential, Operation, OperationsFile } from './operation.ts';
import { readParameters } from './parameters.ts';
import { createSchemas, oneLine, type Schemas } from './schema.ts';

export type LeftOut = { operation: string; why: string };

interface Mapped {
  file: Omit<OperationsFile, 'sha256'>;
  /** Operations that are no commands. */
  leftOut: LeftOut[];
  /** Parts of operations that are. */
  partly: LeftOut[];
}

const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete'] as const;
const OTHER_METHODS = ['options', 'trace', 'query'];

type Found = { method: Operation['method']; path: string; pathItem: Node; node: Node };

/** @param scheme the security scheme to use; undefined: that of most operations. @throws SeedError usage */
export function mapDocument(document: Document, scheme?: string): Mapped {
  const { root, resolve } = document;
  const schemas = createSchemas(resolve);
  const leftOut: LeftOut[] = [];
  const partly: LeftOut[] = [];
  const found = findOperations(document, leftOut);
  const nodes = found.map(({ node }) => node);
  const credential = chooseCredential(document, nodes, scheme);
  const mapped = found.flatMap((each) => {
    const operation = `${each.method} ${each.path}`;
    const result = mapOperation({ document, schemas }, each, credential);
    if (typeof result === 'string') {
      leftOut.push({ operation, why: result });
      return [];
    }
    partly.push(...result.partly.map((why) => ({ operation, why })));
    return [{ each, rest: result.operation }];
  });
  const names = nameOperations(mapped.map(({ each }) => namedAs(each)));
  const operations = mapped.map(({ rest }, index): Operation => {
    const { noun = '', verb = '' } = names[index] ?? {};
    return { ...rest, noun, verb, summary: rest.summary || `${verb.replaceAll('-', ' ')} (${noun})` };
  });
  const { title, version } = (resolve(root['info']) ?? {}) as Record<string, unknown>;
  if (isRecord(root['webhooks']))
    partly.push({ operation: 'webhooks', why: 'what the platform would call is not passed on' });
  return {
    file: {
      title: oneLine(title, 80) || 'Imported',
      version: oneLine(version, 40),
      server: serverOf(root),
      credential,
      ...(Object.keys(schemas.definitions).length > 0 && { definitions: schemas.definitions }),
      operations,
    },
    leftOut,
    partly,
  };
}

function findOperations({ root, resolve }: Document, leftOut: LeftOut[]): Found[] {
  return Object.entries(root['paths'] as Node).flatMap(([path, item]) => {
    if (path.startsWith('x-')) return [];
    const pathItem = resolve(item);
    if (pathItem === null) {
      leftOut.push({ operation: path, why: 'it is described outside the document' });
      return [];
    }
    for (const method of OTHER_METHODS) {
      if (method in pathItem)
        leftOut.push({ operation: `${method.toUpperCase()} ${path}`, why: 'no command has this method' });
    }
    return METHODS.flatMap((method): Found[] => {
      const node = pathItem[method];
      return isRecord(node) ? [{ method: method.toUpperCase() as Found['method'], path, pathItem, node }] : [];
    });
  });
}

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

/** The operation without its name, or why it cannot be a command. */
function mapOperation(
  { document, schemas }: { document: Document; schemas: Schemas },
  { method, path, pathItem, node }: Found,
  credential: Credential,
): { operation: Omit<Operation, 'noun' | 'verb'>; partly: string[] } | string {
  const { root, resolve } = document;
  const servers = node['servers'] ?? pathItem['servers'];
  if (servers !== undefined && !isSameServer({ servers }, root)) return 'another server answers it';
  if (/[?#]/.test(path)) return 'its path is more than a path';
  const obstacle = credentialObstacle(document, node, credential);
  if (obstacle !== null) return obstacle;
  const parameters = readParameters({ resolve, schemas }, { path, pathItem, node }, credential);
  if (parameters.obstacle !== null) return parameters.obstacle;
  const body = readBody({ resolve, schemas }, node);
  if (typeof body === 'string') return body;
  const answer = readAnswer({ resolve, schemas }, node);
  if (typeof answer === 'string') return answer;
  const callbacks = isRecord(node['callbacks']) ? ['its callbacks are not received'] : [];
  const id = typeof node['operationId'] === 'string' ? node['operationId'] : `${method} ${path}`;
  return {
    operation: {
      id,
      summary: oneLine(node['summary'] ?? node['description'], 120).replace(/\.$/, ''),
      method,
      path,
      ...(node['deprecated'] === true && { deprecated: true }),
      ...(isPublic(node) && { public: true }),
      ...nameInputs([...parameters.taken, ...body.taken], body.together),
      ...(body.sends !== null && { sends: body.sends }),
      ...answer,
    },
    partly: [...parameters.leftOut, ...body.leftOut, ...callbacks],
  };
}
