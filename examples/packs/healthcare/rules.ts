// What an intake form must have, and what is wrong with one. Pure.

/** missing:<field>, invalid:<field>, or duplicate. */
export type Problem = string;

type Form = Record<string, unknown>;

const REQUIRED = ['fullName', 'birthDate', 'phone', 'insuranceNumber', 'reason', 'consentSignedOn'] as const;
const DATE = /^\d{4}-\d\d-\d\d$/;
/** Nobody is older. */
const OLDEST_YEARS = 125;

const RULES: Partial<Record<(typeof REQUIRED)[number], (text: string, uploadedOn: string) => boolean>> = {
  birthDate: (text, uploadedOn) =>
    isDate(text) &&
    text <= uploadedOn &&
    Number(text.slice(0, 4)) >= Number(uploadedOn.slice(0, 4)) - OLDEST_YEARS,
  phone: (text) => /^\+?[\d ()/-]{7,25}$/.test(text),
  insuranceNumber: (text) => /^[A-Z]{3}-\d{6}$/.test(text),
  consentSignedOn: (text, uploadedOn) => isDate(text) && text <= uploadedOn,
};

/**
 * @param uploadedOn the date of the upload at the clinic: a form is judged by the day on which it was handed in
 */
export function problemsOf(form: Form, uploadedOn: string): Problem[] {
  return REQUIRED.flatMap((field) => {
    const text = textOf(form[field]);
    if (text === '') return [`missing:${field}`];
    return RULES[field]?.(text, uploadedOn) === false ? [`invalid:${field}`] : [];
  });
}

/** Positions of the forms whose patient, by name and birth date, has one before it in the batch. */
export function duplicates(forms: readonly { position: number; form: Form }[]): Set<number> {
  const seen = new Set<string>();
  const twice = new Set<number>();
  for (const { position, form } of forms.toSorted((one, other) => one.position - other.position)) {
    const name = textOf(form['fullName']).toLowerCase().replace(/\s+/g, ' ');
    const patient = `${name} ${textOf(form['birthDate'])}`;
    if (name !== '' && seen.has(patient)) twice.add(position);
    seen.add(patient);
  }
  return twice;
}

const textOf = (value: unknown) => (typeof value === 'string' ? value.trim() : '');

/** A day that there is: not the 30th of February. */
function isDate(text: string): boolean {
  const time = DATE.test(text) ? Date.parse(text) : Number.NaN;
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}
