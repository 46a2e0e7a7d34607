// The spans of time that an instruction names. Used by the playbooks.

const UNIT_DAYS: Record<string, number> = { day: 1, week: 7, month: 30 };
const DAYS_MOST = 3_650;
const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];

/** `30 days`, `2 weeks`, `3-month`: in days; null when there is none. */
export function askedDays(instruction: string): number | null {
  const [, amount, unit] = /\b(\d{1,4})[\s-]*(day|week|month)s?\b/i.exec(instruction) ?? [];
  if (amount === undefined || unit === undefined) return null;
  const days = Number(amount) * (UNIT_DAYS[unit.toLowerCase()] ?? 1);
  return Math.min(DAYS_MOST, Math.max(1, days));
}

/** `2026-11` or `November 2026` as the first; `last month`; otherwise the present one. */
export function askedMonth(instruction: string): { month: string } | 'last' | 'present' {
  const text = instruction.toLowerCase();
  const [written] = /\b20\d\d-(?:0[1-9]|1[0-2])\b/.exec(text) ?? [];
  if (written !== undefined) return { month: written };
  const [, name = '', year] = new RegExp(`\\b(${MONTHS.join('|')})\\s+(20\\d\\d)\\b`).exec(text) ?? [];
  if (year !== undefined) return { month: `${year}-${String(MONTHS.indexOf(name) + 1).padStart(2, '0')}` };
  return /\b(?:last|previous|past) month\b/.test(text) ? 'last' : 'present';
}
