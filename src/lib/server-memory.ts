// How a server's process is started, so that it stays small. Used by whatever starts one.

/**
 * What keeps a server small that large bodies go through: glibc has two arenas and not one for each thread, which
 * keep what was taken for ever; and the young generation, which grows to 100 MB with them and does not shrink, is
 * a third of that.
 */
export const SERVER_MEMORY = {
  environment: { MALLOC_ARENA_MAX: '2' },
  nodeOptions: ['--max-semi-space-size=8'],
};
