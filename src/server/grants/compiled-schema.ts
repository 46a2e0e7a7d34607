// What a schema of a limit becomes, once it is compiled (compile-schema.ts, judges.ts).
import type { Bounds } from './bounds.ts';
import type { Step } from './places.ts';
import type { Patience } from './values.ts';

/** Why a value does not fit. */
export interface Misfit {
  /** A JSON pointer into the input. */
  at: string;
  why: string;
  /** It is of another type than is spoken of: then it does not fit either what must not be so. */
  isWrongType: boolean;
  /** JSON Schema, which lets other types through, could take it: then it must not count as what does not fit. */
  isUnsure: boolean;
}

/** @returns null: the value fits */
export type Judge = (value: unknown, at: string, patience: Patience) => Misfit | null;

export interface CompiledSchema {
  judge: Judge;
  /** Every field that it names, wherever: each has to be there. */
  named: Step[][];
  /** Why no input of the command can ever fit; null: one may. */
  never: string | null;
  bounds: Bounds;
}

/** The schemas within one, by the keyword; `when` is of `if`, `whenHolds` and `otherwise` of `then` and `else`. */
export type Parts = Record<
  | ('allOf' | 'anyOf' | 'oneOf' | 'not' | 'when' | 'whenHolds' | 'otherwise')
  | ('items' | 'prefixItems' | 'properties' | 'additionalProperties'),
  CompiledSchema[]
>;

/** What a schema says that limits do not understand. */
export class Unsupported extends Error {}
