// The template's start command: it keeps the guest, which waits at its socket, and what is left of it when it has
// ended, and then ends the machine, which would go on for nobody. Pure. Used by the template's maker and the driver.
import { shellWord } from '../../lib/shell-word.ts';
import { COMMAND } from '../image/build-image.ts';

/** For root alone. */
const FOLDER = '/run/seed-guest';
const FILES = { alive: `${FOLDER}/alive`, exit: `${FOLDER}/exit`, said: `${FOLDER}/last-words` };
const SOCKET = '/run/seed/guest.sock';

/** The machine keeps its name: it is the vendor's, who tells it to his own programs there. */
const SETTINGS = { listen: SOCKET, terminationLog: FILES.said, runDir: null };

const ENVIRONMENT = [
  'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  'HOME=/home/agent',
  'LANG=C.UTF-8',
  'TZ=UTC',
];

/** Whoever is connected is given so long to take what is left. */
const LAST_SECONDS = 2;

/** Its shares of a sandbox's disk are the guest's to make larger or smaller, as they are memory. */
const WRITABLE = [
  'mode=0755,uid=1000,gid=1000,size=320m /workspace',
  'mode=1777,size=128m /tmp',
  'mode=0755,uid=1000,gid=1000,size=48m /home/agent',
];

/** Run by root as the template's start command. */
export const START_COMMAND = `set -e
umask 022
for each in ${WRITABLE.map(shellWord).join(' ')}; do
  mkdir -p "\${each##* }"
  mountpoint -q "\${each##* }" || mount -t tmpfs -o "nosuid,nodev,\${each%% *}" tmpfs "\${each##* }"
done
mkdir -p /run/seed
mkdir -m 700 ${FOLDER}
: >${FILES.said}
cd /
flock ${FILES.alive} /bin/sh -c 'code=0; "$@" </dev/null >/dev/null 2>&1 || code=$?; echo $code >${FILES.exit}' \\
  guest env -i ${[...ENVIRONMENT, ...COMMAND, JSON.stringify(SETTINGS)].map(shellWord).join(' ')}
sleep ${LAST_SECONDS}
reboot -f
`;

/** Succeeds once the guest waits, warm: then the machine is frozen. */
export const READY_COMMAND = `test -S ${SOCKET}`;

/** Joins its own streams with the guest's socket. */
export const BRIDGE: readonly string[] = ['/opt/seed/bridge'];

/** Says, when the guest has ended, its exit code in a line, and its last words. Waits for that as long as it takes. */
export const AWAIT_END: readonly string[] = [
  '/bin/sh',
  '-c',
  `exec flock --shared ${FILES.alive} cat ${FILES.exit} ${FILES.said}`,
];

/** Each file that is there as a line with its name, and its lines. */
export const SHOW_FILES = ['/bin/sh', '-c', 'for f; do if [ -r "$f" ]; then echo "# $f"; cat "$f"; fi; done', 'show'];
