// The names of inputs as flags have them. Used by the CLI, and by the guest, which tells the agent of flags.

/** `createdAfter` and `created_after` are `created-after`. */
export function kebabCase(property: string): string {
  return property
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/_/g, '-')
    .toLowerCase();
}
