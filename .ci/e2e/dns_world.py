"""A world of its own with a name server: Narthex and Prometheus look names up in it, and the program prints what each found, as JSON.

Run it as `unshare --map-root-user --net --mount python dns_world.py FOLDER NARTHEX PROMETHEUS`; the configuration is FOLDER/dns.yml."""

import fcntl
import json
import pathlib
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.request

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "MX": 15, "AAAA": 28, "SRV": 33}
SIOCSIFFLAGS, IFF_UP = 0x8914, 1


def name_bytes(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.strip(".").split(".")) + b"\0"


def address(text):
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


# What the name server knows: records by name and type.
ZONE = {
    ("web.test", "A"): [("CNAME", name_bytes("web-1.test")), ("A", address("10.0.0.1")), ("A", address("10.0.0.2"))],
    ("other.test", "A"): [("A", address("10.0.0.3"))],
    ("web.test", "AAAA"): [("AAAA", address("fd00::1"))],
    ("_am._tcp.test", "SRV"): [("SRV", struct.pack(">HHH", 1, 1, 9093) + name_bytes("am-1.test")), ("SRV", struct.pack(">HHH", 1, 1, 9094) + name_bytes("am-2.test"))],
    ("mail.test", "MX"): [("MX", struct.pack(">H", 5) + name_bytes("mx.test"))],
    ("zone.test", "NS"): [("NS", name_bytes("ns.test"))],
    ("many.test", "A"): [("A", address(f"10.1.0.{i}")) for i in range(1, 121)],
}
FAILING = "broken.test"


def answer(query, size_max):
    """The answer to a query, cut off if it is longer than that."""
    ident, _, _, _, _, _ = struct.unpack(">6H", query[:12])
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode().lower())
        at += 1 + query[at]
    kind = struct.unpack(">H", query[at + 1 : at + 3])[0]
    question = query[12 : at + 5]
    name = ".".join(labels)
    kind_name = next((text for text, number in TYPES.items() if number == kind), "")
    known = any(other == name for other, _ in ZONE)
    code = 2 if name == FAILING else 0 if known else 3
    records = ZONE.get((name, kind_name), [])
    body = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", TYPES[t], 1, 60, len(data)) + data for t, data in records)
    if 12 + len(question) + len(body) > size_max:
        return struct.pack(">6H", ident, 0x8580 | 0x0200 | code, 1, 0, 0, 0) + question
    return struct.pack(">6H", ident, 0x8580 | code, 1, len(records), 0, 0) + question + body


def serve_udp():
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))

    def loop():
        while True:
            query, sender = server.recvfrom(4096)
            server.sendto(answer(query, 512), sender)

    threading.Thread(target=loop, daemon=True).start()


def serve_tcp():
    server = socket.create_server(("127.0.0.1", 53))

    def loop():
        while True:
            stream, _ = server.accept()
            with stream:
                length = struct.unpack(">H", stream.recv(2))[0]
                text = answer(stream.recv(length), 65535)
                stream.sendall(struct.pack(">H", len(text)) + text)

    threading.Thread(target=loop, daemon=True).start()


def data(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/{path}", timeout=10) as response:
        return json.loads(response.read())["data"]


def found(port):
    """Targets and Alertmanagers, without what differs from run to run."""
    targets = data(port, "targets")
    shown = [[target["discoveredLabels"], target["labels"], target["scrapeUrl"]] for target in targets["activeTargets"]]
    dropped = [target["discoveredLabels"] for target in targets["droppedTargets"]]
    managers = {key: sorted(one["url"] for one in all_of) for key, all_of in data(port, "alertmanagers").items()}
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as response:
        lines = response.read().decode().splitlines()
    failures = [float(line.split()[1]) for line in lines if line.startswith("prometheus_sd_dns_lookup_failures_total")]
    sort = lambda items: sorted(items, key=lambda item: json.dumps(item, sort_keys=True))  # noqa: E731
    return {"active": sort(shown), "dropped": sort(dropped), "managers": managers, "fails": sum(failures) > 0}


def settled(port, seconds=40):
    """What is found once it has not changed for a while."""
    end, before = time.monotonic() + seconds, None
    while time.monotonic() < end:
        try:
            now = found(port)
        except OSError:
            now = None
        if now and now == before and now["active"] and now["managers"]["activeAlertmanagers"]:
            return now
        before = now
        # Prometheus looks at what was found every five seconds.
        time.sleep(6 if now else 0.2)
    return before


def main():
    folder, narthex, prometheus = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))
    (folder / "resolv.conf").write_text("nameserver 127.0.0.9\nnameserver 127.0.0.1\nsearch nowhere.test test\n")
    subprocess.run(["mount", "--bind", str(folder / "resolv.conf"), "/etc/resolv.conf"], check=True)
    serve_udp()
    serve_tcp()
    config = folder / "dns.yml"
    programs = [
        [narthex, "serve", f"--config.file={config}", f"--storage.path={folder / 'dns-ours'}", "--web.listen-address=127.0.0.1:1001"],
        [prometheus, f"--config.file={config}", f"--storage.tsdb.path={folder / 'dns-theirs'}", "--web.listen-address=127.0.0.1:1002"],
    ]
    running = []
    try:
        for command in programs:
            with open(folder / "dns.log", "ab") as log:
                running.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log))
        print(json.dumps([settled(1001), settled(1002)]))
    finally:
        for process in running:
            process.kill()


if __name__ == "__main__":
    main()
