# Process 1 of the virtual machine. Runs the guest program on the stream port and, once the machine is a clone, makes it a
# machine of its own on the host's word. File descriptors 3 and 4 are the virtio ports `stream` and `control`.
# The control port carries lines. The host begins with a JSON object (Identity in identity.ts); if that says so, the
# machine asks `clock` until an answer (Unix milliseconds) comes soon enough. It says `started`, and at the end
# `exited <code>` or `out_of_memory`.
import base64, fcntl, json, os, select, signal, socket, struct, subprocess, sys, time

STREAM, CONTROL = 3, 4
# Threads of the process that holds the CLI ready (guest/cli-host.ts), which the agent did not start.
HELD_TASKS = 16
GROUP = "/run/vm/cgroup/sandbox"
RNDADDENTROPY, RNDRESEEDCRNG = 0x40085203, 0x5207
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/home/agent",
    "LANG": "C.UTF-8",
    "TZ": "UTC",
}
# The guest is root only to run the agent's commands as uid 1000, own their files and end them.
PRIVILEGES = [
    "prlimit", "--core=0", "--nofile=4096",
    "setpriv", "--no-new-privs", "--inh-caps=-all",
    "--bounding-set=-all,+chown,+dac_override,+kill,+setgid,+setuid",
]
# What an agent can write to; file systems in memory of fixed sizes, made by the machine's init.
WRITABLE = ["/workspace", "/tmp", "/home/agent", "/dev/shm"]
# What the kernel and this program keep of the machine's memory.
RESERVED_BYTES = 64 << 20
# How long the host has to read the guest's last words.
DRAIN_SECONDS, HOST_SECONDS = 2, 5
# The clock is wrong by half of what an answer took, at most.
CLOCK_ATTEMPTS, CLOCK_SECONDS = 10, 0.02


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def start_guest(command):
    """Standard input and output are pipes, as in every sandbox; `cat` connects them with the port."""
    write("/run/vm/cgroup/cgroup.subtree_control", "+memory +pids +cpu")
    os.mkdir(GROUP)
    write(GROUP + "/memory.oom.group", "1")
    guest = subprocess.Popen(
        PRIVILEGES + command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT, cwd="/",
        start_new_session=True, preexec_fn=lambda: write(GROUP + "/cgroup.procs", str(os.getpid())),
    )
    reader = subprocess.Popen(["cat"], stdin=STREAM, stdout=guest.stdin, env=ENVIRONMENT)
    writer = subprocess.Popen(["cat"], stdin=guest.stdout, stdout=STREAM, env=ENVIRONMENT)
    guest.stdin.close()
    guest.stdout.close()
    return guest, reader, writer


def become(identity):
    time.clock_settime(time.CLOCK_REALTIME, identity["now"] / 1000)
    entropy = base64.b64decode(identity["entropy"])
    with open("/dev/urandom", "wb") as random:
        fcntl.ioctl(random, RNDADDENTROPY, struct.pack("ii", len(entropy) * 8, len(entropy)) + entropy)
        fcntl.ioctl(random, RNDRESEEDCRNG)
    socket.sethostname(identity["hostname"])
    write("/run/vm/hostname", identity["hostname"] + "\n")
    write("/run/vm/hosts", "127.0.0.1 localhost " + identity["hostname"] + "\n::1 localhost\n")
    write("/run/vm/machine-id", identity["machineId"] + "\n")
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    write(GROUP + "/memory.max", str(min(identity["memoryBytes"], total - RESERVED_BYTES)))
    write(GROUP + "/pids.max", str(identity["processes"] + HELD_TASKS))
    write(GROUP + "/cpu.max", "%d 100000" % (identity["vcpus"] * 100000))
    resize_disk(identity["diskBytes"])


def resize_disk(disk_bytes):
    """Makes all that can be written as large as `disk_bytes` together, each folder keeping its share."""
    sizes = {path: (lambda fs: fs.f_blocks * fs.f_frsize)(os.statvfs(path)) for path in WRITABLE + ["/run"]}
    total = sum(sizes.values())
    if total == disk_bytes:
        return
    for path in WRITABLE:
        size = max(4096, sizes[path] * disk_bytes // total // 4096 * 4096)
        subprocess.run(["mount", "-o", "remount,size=%d" % size, path], env=ENVIRONMENT, check=True)


def set_clock():
    best = None
    for attempt in range(CLOCK_ATTEMPTS):
        asked = time.monotonic()
        say("clock")
        now = int(read_line()) / 1000
        answered = time.monotonic()
        if best is None or answered - asked < best[0]:
            best = answered - asked, now - (asked + answered) / 2
        if best[0] < CLOCK_SECONDS:
            break
    time.clock_settime(time.CLOCK_REALTIME, best[1] + time.monotonic())


def read_line():
    line = b""
    while not line.endswith(b"\n"):
        chunk = os.read(CONTROL, 4096)
        # Nobody will speak on this port again.
        if chunk == b"":
            return None
        line += chunk
    return line


def say(line):
    # A virtio port without a host takes nothing, for ever.
    if not ends(0, CONTROL):
        os.write(CONTROL, line.encode() + b"\n")


def ends(seconds, *fds):
    """Whether one of these has nobody at its other end, or a process that has ended, within so many seconds."""
    poll = select.poll()
    for fd in fds:
        poll.register(fd, 0 if fd == CONTROL else select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def wait_for_end(guest):
    """Serves the host's line, when it comes, and reaps everything until the guest has ended; returns its wait status."""
    poll = select.poll()
    poll.register(CONTROL, select.POLLIN)
    poll.register(os.pidfd_open(guest.pid), select.POLLIN)
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    poll.register(wake_read, select.POLLIN)
    while True:
        for fd, _ in poll.poll():
            if fd == wake_read:
                os.read(wake_read, 512)
            elif fd == CONTROL:
                poll.unregister(CONTROL)
                line = read_line()
                if line is not None:
                    identity = json.loads(line)
                    become(identity)
                    if identity.get("answersClock"):
                        set_clock()
                    say("started")
        while True:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if found is None:
                break
            if found.si_pid == guest.pid:
                return guest.wait()
            os.waitpid(found.si_pid, 0)


def ran_out_of_memory():
    with open(GROUP + "/memory.events") as events:
        return any(line.startswith("oom_kill ") and int(line.split()[1]) > 0 for line in events)


guest, reader, writer = start_guest(json.loads(sys.argv[1]))
status = wait_for_end(guest)
if status < 0 and ran_out_of_memory():
    say("out_of_memory")
else:
    write(GROUP + "/cgroup.kill", "1")
    try:
        ends(DRAIN_SECONDS, os.pidfd_open(writer.pid), CONTROL)
    except ProcessLookupError:
        pass
    say("exited %d" % (status if status >= 0 else 128 - status))
# The host ends the machine when it has read that; without a host it ends by itself: it resets, which is its end.
ends(HOST_SECONDS, CONTROL)
for last in "bo":
    write("/proc/sysrq-trigger", last)
    time.sleep(HOST_SECONDS)
