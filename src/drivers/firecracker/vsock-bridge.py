#!/usr/bin/python3
"""Carries a machine's two channels, `stream` and `control`, over Firecracker's vsock device.

usage: vsock-bridge.py [--unix FOLDER] -- SUPERVISOR ARGUMENT...

The machine's init starts it as process 1. It becomes SUPERVISOR, with the stream as file descriptor 3 and control as 4,
and leaves a child that carries both. The host makes every connection; nothing in the machine ever makes one.
  1. When the guest program has said "ready", a connection to the control port is told "ready". That connection ends;
     the machine is frozen while the child waits for the next one: listening sockets survive a snapshot, connections do not.
  2. After the restore a connection to the control port is told "ready" again and sends one line, which SUPERVISOR gets;
     its answers come back: `clock`, which the host answers with the time, and at last `started`. Then the host connects to the stream port. No further connection is taken.
  3. SUPERVISOR's last line is passed on at once, with how many bytes the stream has carried to the host: the host reads that
     many and ends the machine. Firecracker passes on no half-close, and loses after 2 s what a host has not read of a connection
     that the guest has closed: so nothing is closed here before the host has.
  4. A host that is gone shows at the end of its control connection. Then SUPERVISOR's descriptors are closed.
With --unix, FOLDER/1024 and FOLDER/1025 take the place of the vsock ports (tests).
"""
import fcntl
import json
import os
import select
import socket
import sys
import threading

STREAM_PORT = 1024
CONTROL_PORT = 1025
STREAM_FD, CONTROL_FD, SPARE_FD = 3, 4, 32
READY = b"ready\n"
CLOCK = b"clock\n"
LINE_BYTES = 4096
CHUNK_BYTES = 256 * 1024


def main():
    options, supervisor = sys.argv[1 : sys.argv.index("--")], sys.argv[sys.argv.index("--") + 1 :]
    folder = options[options.index("--unix") + 1] if "--unix" in options else None
    stream, inner_stream = socket.socketpair()
    control, inner_control = socket.socketpair()
    if os.fork() == 0:
        inner_stream.close()
        inner_control.close()
        carry(stream, control, listen(folder, STREAM_PORT), listen(folder, CONTROL_PORT))
        os._exit(0)
    # Out of the way first: an end may have the number that the other one gets.
    ends = [fcntl.fcntl(end.fileno(), fcntl.F_DUPFD, SPARE_FD) for end in (inner_stream, inner_control)]
    for end, number in zip(ends, (STREAM_FD, CONTROL_FD)):
        os.dup2(end, number, inheritable=True)
    os.closerange(CONTROL_FD + 1, SPARE_FD + len(ends))
    os.execvp(supervisor[0], supervisor)


def listen(folder, port):
    listener = socket.socket(socket.AF_UNIX if folder else socket.AF_VSOCK, socket.SOCK_STREAM)
    listener.bind(f"{folder}/{port}" if folder else (socket.VMADDR_CID_ANY, port))
    listener.listen(1)
    return listener


def carry(stream, control, stream_listener, control_listener):
    host_control = meet_host(control_listener, first_words(stream, control), control)
    control_listener.close()
    # The supervisor asks for the time until an answer comes soon enough, and then says that it has started.
    while (line := read_line(control)) == CLOCK:
        deliver(host_control, line)
        control.sendall(read_line(host_control))
    deliver(host_control, line)
    host_stream, _ = stream_listener.accept()
    stream_listener.close()
    threading.Thread(target=copy, args=(host_stream, stream), daemon=True).start()
    last_line, carried = carry_out(stream, control, host_stream)
    deliver(host_control, b"%s %d\n" % (last_line.rstrip(b"\n"), carried))
    wait_for_end(host_control)


def first_words(stream, control):
    """ "ready", what the guest program said instead of it, or the supervisor's last line."""
    said = b""
    while said != READY:
        readable, _, _ = select.select([stream, control], [], [])
        if control in readable and stream not in readable:
            return read_line(control)
        chunk = stream.recv(CHUNK_BYTES)
        said += chunk
        if not chunk or not READY.startswith(said):
            return b"said " + json.dumps(said[:200].decode("utf-8", "replace")).encode() + b"\n"
    return READY


def meet_host(listener, words, control):
    """Tells everyone who connects; the one who answers with a line is the host of this machine from now on."""
    while True:
        connection, _ = listener.accept()
        try:
            connection.sendall(words)
            line = read_line(connection)
        except OSError:
            line = b""  # A snapshot ended the connection.
        if line:
            control.sendall(line)
            return connection
        connection.close()


def carry_out(stream, control, host_stream):
    """Brings the guest's output to the host until the supervisor says its last line; returns that, and how much it was."""
    sources, carried, host_reads = [stream, control], 0, True
    while True:
        readable, _, _ = select.select(sources, [], [])
        if stream in readable:
            chunk = stream.recv(CHUNK_BYTES)
            if not chunk:
                sources.remove(stream)
            # Without a host it is taken all the same, so that the guest can come to its end.
            host_reads = host_reads and deliver(host_stream, chunk)
            carried += len(chunk)
        elif control in readable:
            # All that the guest wrote before is delivered: the stream is looked at first.
            return read_line(control), carried


def deliver(connection, chunk):
    try:
        connection.sendall(chunk)
        return True
    except OSError:
        return False  # The host is gone. The guest learns it from the end of its input.


def wait_for_end(connection):
    try:
        while connection.recv(CHUNK_BYTES):
            pass
    except OSError:
        pass


def read_line(connection):
    """Empty at the end of the connection. Byte by byte, for what follows is not part of it."""
    line = b""
    while not line.endswith(b"\n") and len(line) < LINE_BYTES:
        byte = connection.recv(1)
        if not byte:
            return b""
        line += byte
    return line


def copy(source, target):
    try:
        while chunk := source.recv(CHUNK_BYTES):
            target.sendall(chunk)
    except OSError:
        pass
    try:
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


main()
