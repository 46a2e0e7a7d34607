# Run in pods by the probe (probe.ts). `ask JSON`: tries to reach each target, all at once, and says in one line of
# JSON what came of it, with the network cards and the kernel that it sees. `listen PORT SECONDS`: answers on that
# port by TCP and UDP, says "listening", and at the end how many have come.
import errno, fcntl, json, os, socket, struct, sys, threading, time

WAIT = 2.5
# A query for the name server's root, which every name server answers and any listener may.
DNS_QUERY = b"\x5e\xed\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01"


def said(error):
    return errno.errorcode.get(error.errno, type(error).__name__) if error.errno else type(error).__name__


def connect(kind, host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    connection = socket.socket(family, kind)
    connection.settimeout(WAIT)
    connection.connect((host, port))
    return connection


def tcp(host, port):
    connect(socket.SOCK_STREAM, host, port).close()
    return "answered"


def udp(host, port):
    asking = connect(socket.SOCK_DGRAM, host, port)
    asking.send(DNS_QUERY)
    asking.recv(512)
    return "answered"


def icmp(host, _port):
    is6 = ":" in host
    protocol = socket.IPPROTO_ICMPV6 if is6 else socket.IPPROTO_ICMP
    asking = socket.socket(socket.AF_INET6 if is6 else socket.AF_INET, socket.SOCK_DGRAM, protocol)
    asking.settimeout(WAIT)
    asking.connect((host, 0))
    asking.send(struct.pack("!BBHHH", 128 if is6 else 8, 0, 0 if is6 else 0xF7FE, 0, 1))
    asking.recv(512)
    return "answered"


def name(host, _port):
    return "answered" if socket.getaddrinfo(host, None) else "empty"


def attempt(target, outcomes):
    kind, host, port = target["by"], target["host"], target["port"]
    try:
        outcome = {"tcp": tcp, "udp": udp, "icmp": icmp, "name": name}[kind](host, port)
    except socket.timeout:
        outcome = "silent"
    except OSError as error:
        outcome = said(error)
    outcomes.append({**target, "outcome": outcome})


def cards():
    found = []
    asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for _, card in socket.if_nameindex():
        try:
            request = struct.pack("256s", card.encode()[:15])
            (flags,) = struct.unpack("H", fcntl.ioctl(asking.fileno(), 0x8913, request)[16:18])
        except OSError:
            flags = 1
        if flags & 1 and not flags & 8:
            found.append(card)
    return found


def read(path):
    try:
        with open(path) as file:
            return file.read(4096)
    except OSError:
        return ""


def gateways():
    found = []
    for line in read("/proc/net/route").splitlines()[1:]:
        fields = line.split()
        if len(fields) > 2 and fields[1] == "00000000" and fields[2] != "00000000":
            found.append(socket.inet_ntoa(struct.pack("<L", int(fields[2], 16))))
    return found


def ask(targets):
    for gateway in gateways():
        targets.append({"what": "the gateway", "by": "icmp", "host": gateway, "port": 0})
        targets += [{"what": "the gateway", "by": "tcp", "host": gateway, "port": port} for port in (22, 53, 80, 443, 10250)]
    outcomes = []
    threads = [threading.Thread(target=attempt, args=(target, outcomes), daemon=True) for target in targets]
    for thread in threads:
        thread.start()
    until = time.monotonic() + 2 * WAIT
    for thread in threads:
        thread.join(max(0, until - time.monotonic()))
    print(json.dumps({"outcomes": list(outcomes), "cards": cards(), "version": read("/proc/version"), "commandLine": read("/proc/cmdline")}))
    sys.stdout.flush()
    os._exit(0)


def listen(port, seconds):
    came = []
    # Both families with one socket, where there is IPv6.
    family, anywhere = (socket.AF_INET6, "::") if socket.has_dualstack_ipv6() else (socket.AF_INET, "0.0.0.0")
    server = socket.create_server((anywhere, port), family=family, dualstack_ipv6=family == socket.AF_INET6)
    datagrams = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        datagrams.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    datagrams.bind((anywhere, port))

    def streams():
        while True:
            connection, _ = server.accept()
            came.append("tcp")
            connection.close()

    def messages():
        while True:
            message, sender = datagrams.recvfrom(512)
            came.append("udp")
            datagrams.sendto(message, sender)

    for serve in (streams, messages):
        threading.Thread(target=serve, daemon=True).start()
    print("listening", flush=True)
    time.sleep(seconds)
    print(json.dumps({"came": len(came)}), flush=True)
    os._exit(0)


if sys.argv[1] == "ask":
    ask(json.loads(sys.argv[2]))
else:
    listen(int(sys.argv[2]), float(sys.argv[3]))
