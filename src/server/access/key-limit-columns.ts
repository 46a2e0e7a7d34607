// The columns of what narrows a key: a limit `spendPerDay` in US dollars lies in `spend_per_day_nano_usd`.
import { storableText } from '../../db/storable.ts';
import type { KeyRow } from '../../db/tables.ts';
import { toNano, usdOf } from '../../lib/money.ts';
import {
  eachKeyLimit,
  KEY_LIMIT_NAMES,
  KEY_LIMITS,
  type KeyLimitName,
  type KeyLimits,
  type SomeKeyLimits,
} from '../../protocol/key-limits.ts';

/** The column of a limit: `spend_per_day_nano_usd` for `spendPerDay`. */
export function limitColumn(name: KeyLimitName): string {
  const words = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return KEY_LIMITS[name].kind === 'usd' ? `${words}_nano_usd` : words;
}

/** The columns of the limits that are given; what is undefined stays as it is. */
export function limitColumns(limits: SomeKeyLimits): object {
  return Object.fromEntries(
    KEY_LIMIT_NAMES.map((name) => {
      const value = limits[name];
      if (Array.isArray(value)) return [limitColumn(name), value.map(storableText)];
      return [limitColumn(name), value && KEY_LIMITS[name].kind === 'usd' ? toNano(value) : value];
    }),
  );
}

/** What a key's row says. */
export function limitsOf(row: KeyRow): KeyLimits {
  return eachKeyLimit((name, { kind }) => {
    const value = row[limitColumn(name) as keyof KeyRow];
    return kind === 'usd' && value !== null ? usdOf(value as number) : value;
  }) as KeyLimits;
}
