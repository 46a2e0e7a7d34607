// Takes a pack's secrets out of what its commands throw: errors are answered, and logged with all they carry.
// Called by pack-commands.ts.

const REMOVED = '[removed]';
/** Of causes of causes. */
const DEEPEST = 5;

/**
 * @param forms what the secrets look like (pack/settings.ts)
 * @returns the same error, changed where it has one
 */
export function withoutSecrets(error: unknown, forms: readonly string[], depth = 0): unknown {
  if (forms.length === 0 || depth > DEEPEST) return error;
  if (typeof error === 'string') return cleaned(error, forms);
  if (typeof error !== 'object' || error === null || ArrayBuffer.isView(error)) return error;
  const carrier = error as Record<string, unknown>;
  for (const name of Object.getOwnPropertyNames(carrier)) {
    const value = carrier[name];
    const clean = withoutSecrets(value, forms, depth + 1);
    if (clean !== value)
      Reflect.defineProperty(carrier, name, { value: clean, configurable: true, writable: true });
  }
  return error;
}

function cleaned(text: string, forms: readonly string[]): string {
  return forms.reduce((rest, form) => rest.replaceAll(form, REMOVED), text);
}
