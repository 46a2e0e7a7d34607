// What in an operation refers to what is not there: it is left out and named, and an operation that cannot do
// without it is none. Used by map-document.ts for documents that are not whole.
import { isRecord } from '../lib/json.ts';
import { type Document, type Node, nodesOf } from './document.ts';
import type { Found } from './find-operations.ts';
import { isWholeByReference, WHOLES } from './references.ts';

export interface Mended {
  /** Without what leads nowhere. */
  found: Found;
  /** Why it cannot be called as described; null: it can. */
  obstacle: string | null;
  /** What was left out of it. */
  partly: string[];
}

const DEPTH_MOST = 500;

/** Schemas are changed in place: what leads nowhere is taken out of them. */
export function withoutUnresolved(document: Document, all: readonly Found[]): Mended[] {
  if (document.isWhole) return all.map((found) => ({ found, obstacle: null, partly: [] }));
  const told = new Map<unknown, string[]>();
  // Answers afterwards: out of them goes also what a request could not do without.
  const asked = all.map((found) => mendRequest(mender(document, told, true), document, found));
  return asked.map((mended) =>
    mended.obstacle === null ? mendAnswers(mender(document, told, false), document, mended) : mended,
  );
}

interface Mender {
  /** @returns why the schema cannot be described at all; null: it can */
  schema(value: unknown, at: string): string | null;
  /** What was left out of all schemas that it has seen. */
  notes: string[];
}

function mendRequest(mend: Mender, { resolve, whyNot }: Document, found: Found): Mended {
  const partly: string[] = [];
  const withKept = (owner: Node) => {
    if (!Array.isArray(owner['parameters'])) return owner;
    const kept = owner['parameters'].filter((given) => {
      const parameter = resolve(given);
      // Whether it could be left out is not known either.
      if (parameter === null) {
        obstacle ??= `a parameter ${whyNot(given)}`;
        return false;
      }
      const [content] = Object.values(isRecord(parameter['content']) ? parameter['content'] : {});
      const schema = content === undefined ? parameter['schema'] : resolve(content)?.['schema'];
      const name = `${parameter['in']} parameter ${parameter['name']}`;
      const why = content !== undefined && resolve(content) === null ? whyNot(content) : mend.schema(schema, name);
      if (why === null) return true;
      if (parameter['required'] === true || parameter['in'] === 'path') obstacle ??= `its ${name} ${why}`;
      else partly.push(`${name} ${why}`);
      return false;
    });
    return { ...owner, parameters: kept };
  };
  let obstacle = wholeObstacle(found.pathItem, whyNot) ?? wholeObstacle(found.node, whyNot);
  const pathItem = withKept(found.pathItem);
  let node = withKept(found.node);
  if (node['requestBody'] !== undefined) {
    const body = resolve(node['requestBody']);
    if (body === null) obstacle ??= `its body ${whyNot(node['requestBody'])}`;
    else {
      const { content, why } = contentOf(mend, { resolve, whyNot }, body, 'body');
      const isGone = why !== null && Object.keys(content).length === 0;
      if (isGone && body['required'] === true) obstacle ??= `its body ${why}`;
      else if (why !== null) partly.push(`its body ${why}`);
      const { requestBody: _, ...rest } = node;
      node = isGone ? rest : { ...rest, requestBody: { ...body, content } };
    }
  }
  return { found: { ...found, pathItem, node }, obstacle, partly: [...partly, ...mend.notes] };
}

function mendAnswers(mend: Mender, { resolve, whyNot }: Document, mended: Mended): Mended {
  const { found } = mended;
  const responses = isRecord(found.node['responses']) ? found.node['responses'] : {};
  const mendedResponses: Node = {};
  let obstacle: string | null = null;
  for (const [status, given] of Object.entries(responses)) {
    mendedResponses[status] = given;
    if (!/^(2|3|default)/i.test(status)) continue;
    const response = resolve(given);
    if (response === null) {
      if (!/^default/i.test(status) || Object.keys(responses).length === 1)
        obstacle ??= `its answer ${status} ${whyNot(given)}`;
      continue;
    }
    const { content, why } = contentOf(mend, { resolve, whyNot }, response, 'answer');
    if (why !== null && /^2/.test(status)) obstacle ??= `its answer ${status} ${why}`;
    if (isRecord(response['content'])) mendedResponses[status] = { ...response, content };
  }
  const node = { ...found.node, responses: mendedResponses };
  return { found: { ...found, node }, obstacle, partly: [...new Set([...mended.partly, ...mend.notes])] };
}

/** Why a map or a list of the node is not there. Null: they are all. */
function wholeObstacle(node: Node, whyNot: Document['whyNot']): string | null {
  const [broken] = Object.entries(node).filter(([key, value]) => WHOLES.has(key) && isWholeByReference(value));
  return broken === undefined ? null : `has ${broken[0]} that ${whyNot(broken[1])}`;
}

/** The media types whose schemas can be described, and why one cannot. */
function contentOf(
  mend: Mender,
  { resolve, whyNot }: Pick<Document, 'resolve' | 'whyNot'>,
  owner: Node,
  at: string,
) {
  const all = Object.entries(isRecord(owner['content']) ? owner['content'] : {});
  let why = wholeObstacle(owner, whyNot);
  const kept = all.filter(([, given]) => {
    const media = resolve(given);
    const problem =
      media === null
        ? whyNot(given)
        : (mend.schema(media['schema'], at) ?? mend.schema(media['itemSchema'], `${at}[]`));
    why ??= problem;
    return problem === null;
  });
  return { content: Object.fromEntries(kept), why: why as string | null };
}

/**
 * @param told what was taken out of which schema, for all who come to it later
 * @param isAsked whether a field that is required cannot be left out
 */
function mender({ resolve, whyNot }: Document, told: Map<unknown, string[]>, isAsked: boolean): Mender {
  const seen = new Map<Node, string | null>();
  const notes: string[] = [];
  let depth = 0;
  return { schema, notes };

  function schema(value: unknown, at: string): string | null {
    if (!isRecord(value)) return null;
    const node = resolve(value);
    if (node === null) return whyNot(value);
    const known = seen.get(node);
    if (known !== undefined) return known;
    // A schema that holds itself is as whole as the rest of it.
    seen.set(node, null);
    depth += 1;
    const why = depth > DEPTH_MOST ? `is nested deeper than ${DEPTH_MOST} schemas` : inside(node, at);
    depth -= 1;
    seen.set(node, why);
    // What stands beside a reference is a node of its own, with the same properties.
    notes.push(...(told.get(node) ?? []), ...(told.get(node['properties']) ?? []));
    return why;
  }

  function inside(node: Node, at: string): string | null {
    const elsewhere = wholeObstacle(node, whyNot);
    if (elsewhere !== null) return elsewhere;
    const required = nodesOf(node['required']);
    const properties = isRecord(node['properties']) ? node['properties'] : {};
    for (const [name, property] of Object.entries(properties)) {
      const why = schema(property, `${at}.${name}`);
      if (why === null) continue;
      if (isAsked && required.includes(name)) return `has the field ${name}, which ${why}`;
      delete properties[name];
      tell(properties, `the field ${name} (${at}.${name}) ${why}`);
    }
    for (const word of ['items', 'additionalProperties']) {
      const why = schema(node[word], `${at}[]`);
      if (why !== null) return why;
    }
    for (const part of [...nodesOf(node['allOf']), ...nodesOf(node['prefixItems'])]) {
      const why = schema(part, at);
      if (why !== null) return why;
    }
    return unionOf(node, 'oneOf', at) ?? unionOf(node, 'anyOf', at);
  }

  function unionOf(node: Node, word: string, at: string): string | null {
    const branches = nodesOf(node[word]);
    const whys = branches.map((branch) => schema(branch, at));
    const broken = whys.filter((why) => why !== null);
    if (broken.length === 0) return null;
    if (broken.length === branches.length) return broken[0] ?? null;
    node[word] = branches.filter((_, index) => whys[index] === null);
    for (const why of broken) tell(node, `one of the kinds of ${at} ${why}`);
    return null;
  }

  function tell(of: Node, note: string): void {
    told.set(of, [...(told.get(of) ?? []), note]);
  }
}
