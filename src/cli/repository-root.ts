// Where the repository lies. Used by repository.ts and doctor.ts.
/** The same from src/cli/ and from node_modules/.cache/, where bin/seed keeps the bundle: both are two folders deep. */
export const REPOSITORY = new URL('../..', import.meta.url);
