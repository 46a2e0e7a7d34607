// The route of an imported command: the platform's own path below the pack's name, as far as a route of Seed's can be like it.

import { wordsOf } from '../../../openapi/names.ts';
import type { Operation } from '../../../openapi/operation.ts';
import type { HttpMethod } from '../../../protocol/manifest.ts';

type Http = `${HttpMethod} /${string}`;

/** Gives each operation a route of its own; the second that would have the same is called by its name. */
export function routesBelow(pack: string): (operation: Operation, name: string) => Http {
  const taken = new Set<string>();
  return (operation, name) => {
    const method = operation.method === 'HEAD' ? 'GET' : operation.method;
    const own: Http = `${method} /${pack}${segmentsOf(operation)}`;
    const named: Http = `${method} /${pack}/${name.replaceAll(' ', '/')}${parametersOf(operation)}`;
    const route = taken.has(shapeOf(own)) ? named : own;
    taken.add(shapeOf(route));
    return route;
  };
}

/** Each parameter is a segment: `/files/{id}.json` → /files/{id}/json. */
function segmentsOf({ path, places }: Operation): string {
  const parts = path.split(/(\{[^}]+\})|\//).filter((part) => part !== undefined && part !== '');
  return parts
    .map((part) => (part.startsWith('{') ? inputIn(places, part.slice(1, -1)) : wordsOf(part).join('-')))
    .filter((part) => part !== '')
    .map((part) => `/${/^\d/.test(part) ? `v${part}` : part}`)
    .join('');
}

function parametersOf({ places }: Operation): string {
  const inPath = Object.entries(places).filter(([, place]) => place.in === 'path');
  return inPath.map(([input]) => `/{${input}}`).join('');
}

function inputIn(places: Operation['places'], name: string): string {
  const found = Object.entries(places).find(
    ([input, place]) => place.in === 'path' && (place.name ?? input) === name,
  );
  return found ? `{${found[0]}}` : '';
}

const shapeOf = (route: string) => route.replace(/\{[^}]+\}/g, '{}');
