# The first process of a sandbox of the double: runs programs, with a terminal or without, and passes on connections
# to names that the network policy forwards. Over its standard input and output, in frames: type, id, length, content.
#   to it:   S start {argv, env, cwd, user, tty}   I input   E input's end   A so much of the output is taken
#            K signal {signal}   C close   P policy {hosts}
#   from it: R ready   O output   X standard error   E end {code}   N connection {port}   Q connection's input ended
#            A so much of the input is taken
import ctypes, fcntl, json, os, pty, selectors, signal, socket, struct, sys, termios, time

WINDOW = 256 * 1024
PIECE = 64 * 1024
USER = (1001, 1001)
LATE = 0.3
CONNECTIONS = 0x80000000

select = selectors.DefaultSelector()
streams = {}
pids = {}
pending = bytearray()
incoming = bytearray()
listeners = []
hosts = []
named = []
numbers = [CONNECTIONS]


def tell(kind, stream, content=b''):
    pending.extend(struct.pack('>cII', kind.encode(), stream, len(content)) + content)
    watch_output()


def tell_json(kind, stream, value):
    tell(kind, stream, json.dumps(value).encode())


def watch_output():
    registered = 1 in select.get_map()
    if pending and not registered:
        select.register(1, selectors.EVENT_WRITE, on_writable)
    elif not pending and registered:
        select.unregister(1)


def on_writable(_):
    try:
        count = os.write(1, bytes(pending[:PIECE]))
        del pending[:count]
    except BlockingIOError:
        pass
    watch_output()
    if len(pending) < 4 * WINDOW:
        for stream in list(streams.values()):
            stream.watch()


class Stream:
    def __init__(self, number, source, sink, kind='O'):
        self.number, self.source, self.sink, self.kind = number, source, sink, kind
        self.errors = None
        self.unacked, self.input, self.input_ends, self.closes = 0, bytearray(), False, False
        self.pid, self.code, self.ended_at, self.tty = None, None, None, False
        for fd in {source, sink} - {None}:
            os.set_blocking(fd, False)
        streams[number] = self
        self.watch()

    def watch(self):
        for fd in {self.source, self.sink, self.errors} - {None}:
            events = 0
            if fd in (self.source, self.errors) and self.unacked < WINDOW and len(pending) < 4 * WINDOW:
                events |= selectors.EVENT_READ
            if fd == self.sink and self.input:
                events |= selectors.EVENT_WRITE
            known = select.get_map().get(fd)
            if events and known is None:
                select.register(fd, events, self.on_event)
            elif events and known.events != events:
                select.modify(fd, events, self.on_event)
            elif not events and known is not None:
                select.unregister(fd)

    def on_event(self, key):
        fd, events = key
        if events & selectors.EVENT_WRITE and fd == self.sink:
            self.feed()
        if self.number in streams and events & selectors.EVENT_READ and fd in (self.source, self.errors):
            self.read(fd)
        if self.number in streams:
            self.watch()

    def read(self, fd):
        try:
            content = os.read(fd, PIECE)
        except BlockingIOError:
            return
        except OSError:
            content = b''
        if content:
            self.unacked += len(content)
            tell('X' if fd == self.errors else self.kind, self.number, content)
        else:
            self.drop(fd)

    def feed(self):
        try:
            count = os.write(self.sink, bytes(self.input[:PIECE]))
        except BlockingIOError:
            return
        except OSError:
            count = len(self.input)
        del self.input[:count]
        tell('A', self.number, struct.pack('>I', count))
        if not self.input and self.closes:
            self.close()
        elif not self.input and self.input_ends:
            self.end_input()

    def end_input(self):
        self.input_ends = True
        if self.input or self.sink is None:
            return
        if self.tty:
            return
        if self.number >= CONNECTIONS:
            try:
                connections[self.number].shutdown(socket.SHUT_WR)
            except OSError:
                pass
        elif self.sink != self.source:
            self.drop(self.sink)

    def drop(self, fd):
        if fd in select.get_map():
            select.unregister(fd)
        both = fd == self.source and fd == self.sink
        if fd == self.source:
            self.source = None
        if fd == self.errors:
            self.errors = None
        if fd == self.sink:
            self.sink = None
        if self.number in connections:
            tell('Q', self.number)
            return self.close()
        if both or fd not in (self.source, self.sink):
            os.close(fd)
        self.maybe_over()

    def maybe_over(self):
        if self.code is None or self.number in connections:
            return
        if (self.source is None and self.errors is None) or time.monotonic() > self.ended_at + LATE:
            if self.unacked >= WINDOW and self.source is not None:
                return
            tell_json('E', self.number, {'code': self.code})
            self.close()

    def close(self):
        streams.pop(self.number, None)
        for fd in {self.source, self.sink, self.errors} - {None}:
            if fd in select.get_map():
                select.unregister(fd)
            if self.number not in connections:
                os.close(fd)
        connection = connections.pop(self.number, None)
        if connection is not None:
            connection.close()


connections = {}


def start(number, asked):
    argv, env, tty, root = asked['argv'], asked['env'], asked['tty'], asked['user'] == 'root'
    base = {'PATH': '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'LANG': 'C.UTF-8',
            'HOME': '/root' if root else '/vercel/sandbox'}
    if os.path.exists('/run/vercel-ca.pem'):
        base['NODE_EXTRA_CA_CERTS'] = '/run/vercel-ca.pem'
    if tty:
        pid, master = pty.fork()
        fds = None
    else:
        # Standard input, output and error; each with the end that is ours first.
        fds = [os.pipe()[::-1], os.pipe(), os.pipe()]
        pid = os.fork()
    if pid == 0:
        try:
            if fds:
                os.setsid()
                for to, (_, theirs) in enumerate(fds):
                    os.dup2(theirs, to)
            os.closerange(3, 256)
            for one in (signal.SIGPIPE, signal.SIGCHLD):
                signal.signal(one, signal.SIG_DFL)
            if not root:
                os.setgroups([])
                os.setgid(USER[1])
                os.setuid(USER[0])
            os.chdir(asked['cwd'])
            os.execvpe(argv[0], argv, {**base, **env})
        except OSError as error:
            os.write(2, f'{argv[0]}: {error.strerror}\n'.encode())
        finally:
            os._exit(127)
    pids[pid] = number
    if tty:
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
        stream = Stream(number, master, master)
        stream.tty = True
    else:
        for _, theirs in fds:
            os.close(theirs)
        stream = Stream(number, fds[1][0], fds[0][0])
        stream.errors = fds[2][0]
        os.set_blocking(stream.errors, False)
        stream.watch()
    stream.pid = pid


def reap():
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        stream = streams.get(pids.pop(pid, None))
        if stream is not None:
            code = os.waitstatus_to_exitcode(status)
            stream.code, stream.ended_at = (code if code >= 0 else 128 - code), time.monotonic()
            stream.maybe_over()


def send_signal(number, value):
    stream = streams.get(number)
    if stream is not None and stream.code is None:
        try:
            os.killpg(stream.pid, value)
        except ProcessLookupError:
            pass


# Forwarded names have this machine's own address; of others there is none, and nobody to ask.
def name_hosts():
    with open('/run/hosts', 'w') as out:
        out.write(''.join(f'127.0.0.1 {name}\n' for name in ['localhost', *hosts]))
    libc = ctypes.CDLL(None, use_errno=True)
    MS_BIND = 4096
    if not named and libc.mount(b'/run/hosts', b'/etc/hosts', None, MS_BIND, None) != 0:
        raise OSError(ctypes.get_errno(), 'mount /etc/hosts')
    named.append(True)


def forward(asked):
    hosts[:] = asked['hosts']
    name_hosts()
    if hosts and not listeners:
        with open('/run/vercel-ca.pem', 'w') as out:
            out.write(asked['ca'])
        for port in (443, 80):
            listener = socket.create_server(('127.0.0.1', port))
            listener.setblocking(False)
            listeners.append(listener)
            select.register(listener, selectors.EVENT_READ, lambda key, one=listener: accept(one))
    elif not hosts:
        for listener in listeners:
            select.unregister(listener)
            listener.close()
        listeners.clear()


def accept(listener):
    connection, _ = listener.accept()
    connection.setblocking(False)
    numbers[0] += 1
    connections[numbers[0]] = connection
    tell_json('N', numbers[0], {'port': listener.getsockname()[1]})
    Stream(numbers[0], connection.fileno(), connection.fileno())


def on_input(_):
    try:
        content = os.read(0, 4 * PIECE)
    except BlockingIOError:
        return
    if not content:
        os._exit(0)
    incoming.extend(content)
    while len(incoming) >= 9:
        kind, number, length = struct.unpack('>cII', incoming[:9])
        if len(incoming) < 9 + length:
            return
        frame = bytes(incoming[9:9 + length])
        del incoming[:9 + length]
        on_frame(kind.decode(), number, frame)


def on_frame(kind, number, content):
    stream = streams.get(number)
    if kind == 'S':
        start(number, json.loads(content))
    elif kind == 'P':
        forward(json.loads(content))
    elif stream is None:
        return
    elif kind == 'I':
        if stream.sink is not None:
            stream.input.extend(content)
            stream.watch()
    elif kind == 'E':
        stream.end_input()
    elif kind == 'A':
        stream.unacked -= struct.unpack('>I', content)[0]
        stream.watch()
    elif kind == 'K':
        send_signal(number, json.loads(content)['signal'])
    elif kind == 'C':
        if number in connections:
            # Once it has all that came before.
            stream.closes = True
            if not stream.input:
                stream.close()
        elif stream.tty:
            # As when a line is hung up.
            send_signal(number, signal.SIGHUP)
            stream.unacked = 0
            if stream.source is not None:
                stream.drop(stream.source)


signal.signal(signal.SIGPIPE, signal.SIG_IGN)
wake_r, wake_w = os.pipe()
os.set_blocking(wake_r, False)
os.set_blocking(wake_w, False)
signal.set_wakeup_fd(wake_w)
signal.signal(signal.SIGCHLD, lambda *_: None)


def on_wake(_):
    try:
        os.read(wake_r, 512)
    except BlockingIOError:
        pass
    reap()


os.makedirs('/vercel/sandbox', exist_ok=True)
for folder in ('/vercel', '/vercel/sandbox'):
    os.chown(folder, *USER)
os.set_blocking(0, False)
os.set_blocking(1, False)
select.register(0, selectors.EVENT_READ, on_input)
select.register(wake_r, selectors.EVENT_READ, on_wake)
tell('R', 0)
while True:
    waits = any(stream.code is not None for stream in streams.values())
    for key, events in select.select(0.1 if waits else None):
        # An earlier one of this round may have closed it.
        if key.fd in select.get_map() and select.get_map()[key.fd].data is key.data:
            key.data((key.fd, events))
    for stream in list(streams.values()):
        stream.maybe_over()
