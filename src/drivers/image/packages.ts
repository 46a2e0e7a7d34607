// What the sandbox's root file system is made of. Change RECIPE_VERSION with anything that changes its contents.

/** Part of every image's content hash. */
export const RECIPE_VERSION = '2';

/** Debian packages that are unpacked into the root file system, with all they depend on. */
export const ROOTFS_PACKAGES = [
  'base-files',
  'bash',
  'bzip2',
  'ca-certificates',
  'coreutils',
  'curl',
  'dash',
  'debianutils',
  'diffutils',
  'fd-find',
  'file',
  'findutils',
  'git',
  'grep',
  'gzip',
  'hostname',
  'iproute2',
  'jq',
  'less',
  'libc-bin',
  'libstdc++6',
  'mawk',
  'mount',
  'ncurses-base',
  'netbase',
  'patch',
  'procps',
  'python3',
  'ripgrep',
  'sed',
  'tar',
  'tzdata',
  'unzip',
  'util-linux',
  'xz-utils',
  'zip',
] as const;

/** Debian packages whose programs run on the host, not in the sandbox. */
export const TOOL_PACKAGES = ['runsc'] as const;
