// Swagger 2.0 as OpenAPI 3: made one file, for the library that converts it follows no references. Used by
// document.ts.
import { upgradeFromTwoToThree } from '@scalar/openapi-upgrader/2.0-to-3.0';
import { isRecord } from '../lib/json.ts';
import type { Library, Node } from './library.ts';
import { notUsable } from './parse-tree.ts';

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'];

/** @param library with all files of the document. @throws SeedError usage */
export function upgradeSwagger(root: Node, { find, resolve }: Library): Node {
  const definitions: Node = {};
  const names = new Map<string, string>();
  const { paths, definitions: own, parameters: _, responses: __, ...rest } = root;
  for (const [name, schema] of Object.entries(isRecord(own) ? own : {})) definitions[name] = schemaOf(schema);
  const whole = { ...rest, swagger: '2.0', paths: mapped(paths, pathItemOf), definitions };
  try {
    return upgradeFromTwoToThree(whole as never) as unknown as Node;
  } catch (cause) {
    throw notUsable(`it cannot be converted from Swagger 2.0: ${(cause as Error).message}`);
  }

  /** What stands for it wherever it is read: the thing itself, or the reference that leads nowhere. */
  function standing(value: unknown): unknown {
    return resolve(value) ?? value;
  }

  function pathItemOf(value: unknown): unknown {
    const item = standing(value);
    if (!isRecord(item) || '$ref' in item) return item;
    const { parameters, ...others } = item;
    const shared = listOf(parameters).map(parameterOf);
    // A body belongs to an operation since version 3.
    const [below, above] = [shared.filter(isBody), shared.filter((each) => !isBody(each))];
    const operations = METHODS.filter((method) => method in others).map((method) => [
      method,
      operationOf(others[method], below),
    ]);
    return { ...others, ...(above.length > 0 && { parameters: above }), ...Object.fromEntries(operations) };
  }

  function operationOf(value: unknown, shared: readonly unknown[]): unknown {
    const operation = standing(value);
    if (!isRecord(operation) || '$ref' in operation) return operation;
    const parameters = listOf(operation['parameters']).map(parameterOf);
    const hasOwn = (one: unknown) => parameters.some((other) => placeOf(other) === placeOf(one));
    const all = [...shared.filter((one) => !hasOwn(one)), ...parameters];
    return {
      ...operation,
      ...(all.length > 0 && { parameters: all }),
      responses: mapped(operation['responses'], responseOf),
      // Everything is taken where nothing is said: what most platforms mean by that is JSON.
      ...(listOf(operation['consumes']).length === 0 && { consumes: listOf(root['consumes']) }),
    };
  }

  function parameterOf(value: unknown): unknown {
    const parameter = standing(value);
    if (!isRecord(parameter) || !('schema' in parameter)) return structuredClone(parameter);
    return { ...parameter, schema: schemaOf(parameter['schema']) };
  }

  function responseOf(value: unknown): unknown {
    const response = standing(value);
    if (!isRecord(response)) return response;
    return { ...response, ...('schema' in response && { schema: schemaOf(response['schema']) }) };
  }

  /** A copy in which every reference leads to `definitions`. */
  function schemaOf(value: unknown, isMap = false): unknown {
    if (Array.isArray(value)) return value.map((each) => schemaOf(each));
    if (!isRecord(value)) return value;
    if (!isMap && typeof value['$ref'] === 'string') return { ...value, $ref: definitionOf(value['$ref']) };
    const entries = Object.entries(value).map(([key, inner]) => [
      key,
      !isMap && DATA.includes(key) ? inner : schemaOf(inner, !isMap && key === 'properties'),
    ]);
    const schema = Object.fromEntries(entries) as Node;
    if (!isMap && schema['x-nullable'] === true) schema['nullable'] = true;
    return schema;
  }

  function definitionOf(reference: string): string {
    if (/^#\/definitions\/[^/]+$/.test(reference)) return reference;
    const known = names.get(reference);
    if (known !== undefined) return known;
    const target = find(reference);
    if (target === undefined) return reference;
    const last = reference.split(/[/#]/).filter(Boolean).at(-1) ?? 'schema';
    const plain = last.replace(/\.\w+$/, '').replace(/[^\w.-]+/g, '_');
    const taken = (name: string) => name in definitions || (isRecord(own) && name in own);
    let name = plain;
    for (let count = 2; taken(name); count += 1) name = `${plain}_${count}`;
    names.set(reference, `#/definitions/${name}`);
    definitions[name] = {};
    definitions[name] = schemaOf(target);
    return `#/definitions/${name}`;
  }
}

const DATA = ['default', 'enum', 'example', 'x-example'];

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

const mapped = (value: unknown, change: (inner: unknown) => unknown): Node =>
  Object.fromEntries(Object.entries(isRecord(value) ? value : {}).map(([key, inner]) => [key, change(inner)]));

const isBody = (value: unknown) => isRecord(value) && (value['in'] === 'body' || value['in'] === 'formData');

const placeOf = (value: unknown) =>
  isRecord(value) ? (value['in'] === 'body' ? 'body' : `${value['in']} ${value['name']}`) : '';
