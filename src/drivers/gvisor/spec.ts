// The OCI runtime specification of a gVisor sandbox: what the guest may see, write and do. Pure; the same for
// the frozen sandbox and all that are restored from it, because mounts are part of a checkpoint.

/** Part of the snapshot's id: change it with anything below that changes the specification. */
export const SPEC_VERSION = '2';

const MIB = 1024 * 1024;

/** The writable folders, each a tmpfs of its own; they live in the sandbox's memory and end with it. */
const WRITABLE = [
  { path: '/workspace', bytes: 320 * MIB, options: ['mode=0755', 'uid=1000', 'gid=1000'] },
  { path: '/tmp', bytes: 128 * MIB, options: ['mode=1777'] },
  { path: '/home/agent', bytes: 48 * MIB, options: ['mode=0755', 'uid=1000', 'gid=1000'] },
  { path: '/dev/shm', bytes: 8 * MIB, options: ['mode=1777'] },
  { path: '/run', bytes: 8 * MIB, options: ['mode=0755'] },
] as const;

/** All that a sandbox can write, unless its guest makes it more or less (guest/identity.ts). */
export const DISK_BYTES = WRITABLE.reduce((sum, { bytes }) => sum + bytes, 0);

/**
 * The guest starts as root only to run the agent's commands, which have none of these, as uid 1000, own their
 * files and end them, and to give the restored sandbox its hostname and the size of its folders (CAP_SYS_ADMIN).
 */
const CAPABILITIES = ['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_KILL', 'CAP_SETGID', 'CAP_SETUID', 'CAP_SYS_ADMIN'];

const ENVIRONMENT = [
  'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  'HOME=/home/agent',
  'LANG=C.UTF-8',
  'TZ=UTC',
];

const RLIMITS = [
  { type: 'RLIMIT_CORE', soft: 0, hard: 0 },
  { type: 'RLIMIT_NOFILE', soft: 4096, hard: 4096 },
];

const tmpfs = (destination: string, options: string[]) => {
  return { destination, type: 'tmpfs', source: 'tmpfs', options };
};

/** The content of config.json for a sandbox that runs `command` in the root file system at `rootfs`. */
export function runtimeSpec(rootfs: string, command: readonly string[]) {
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: command,
      env: ENVIRONMENT,
      cwd: '/',
      capabilities: { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES },
      rlimits: RLIMITS,
      noNewPrivileges: true,
    },
    root: { path: rootfs, readonly: true },
    hostname: 'sandbox',
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'nodev', 'noexec'] },
      tmpfs('/dev', ['nosuid', 'noexec', 'mode=0755', `size=${MIB}`]),
      ...WRITABLE.map(({ path, bytes, options }) => tmpfs(path, ['nosuid', 'nodev', ...options, `size=${bytes}`])),
    ],
    linux: { namespaces: ['pid', 'network', 'ipc', 'uts', 'mount'].map((type) => ({ type })) },
  };
}
