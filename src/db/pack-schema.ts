// Where in the database a pack's tables lie.

/** The pack's Postgres schema. @param pack lower-case letters, digits and hyphens: safe to stand in a statement */
export function packSchema(pack: string): string {
  return `pack_${pack.replaceAll('-', '_')}`;
}
