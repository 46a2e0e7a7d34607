// What another import of the same platform changes: operations, and the inputs of those that stay. Used by
// import-pack.ts.
import type { Operation } from './operation.ts';

/** By operation. */
export interface OperationChanges {
  added: string[];
  changed: string[];
  removed: string[];
}

export interface InputChange {
  operation: string;
  added: string[];
  removed: string[];
  /** Takes other values, or goes elsewhere. */
  changed: string[];
  /** Whoever calls it without them is refused from now on. */
  nowRequired: string[];
}

export function changesSince(before: readonly Operation[], now: readonly Operation[]): OperationChanges {
  const old = new Map(before.map((each) => [each.id, JSON.stringify(each)]));
  const current = new Map(now.map((each) => [each.id, JSON.stringify(each)]));
  const ids = [...current.keys()];
  return {
    added: ids.filter((id) => !old.has(id)),
    changed: ids.filter((id) => old.has(id) && old.get(id) !== current.get(id)),
    removed: [...old.keys()].filter((id) => !current.has(id)),
  };
}

/** Of the operations that were there and are, those whose inputs are others. */
export function inputChangesSince(before: readonly Operation[], now: readonly Operation[]): InputChange[] {
  const old = new Map(before.map((each) => [each.id, each]));
  return now.flatMap((operation) => {
    const earlier = old.get(operation.id);
    if (earlier === undefined) return [];
    const names = Object.keys(operation.properties);
    const stay = names.filter((name) => name in earlier.properties);
    const change = {
      operation: operation.id,
      added: names.filter((name) => !(name in earlier.properties)),
      removed: Object.keys(earlier.properties).filter((name) => !(name in operation.properties)),
      changed: stay.filter((name) => written(operation, name) !== written(earlier, name)),
      nowRequired: operation.required.filter((name) => !earlier.required.includes(name)),
    };
    const isOther = Object.values(change).some((list) => Array.isArray(list) && list.length > 0);
    return isOther ? [change] : [];
  });
}

const written = ({ properties, places }: Operation, name: string) =>
  JSON.stringify([properties[name], places[name]]);
