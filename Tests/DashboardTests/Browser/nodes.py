"""Nodes of a market of its own on this machine, as real processes."""

import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time

PASSPHRASE = "correct horse battery staple"
CLASS = "h100-sxm-80g"

# Short ticks, proposals and slots, so that waits end soon. The name is markup, which no page may take for such.
GENESIS = {
    "format": "p2pnode-network-v1", "name": "<b>market</b>", "currency": "USD", "slot_seconds": 10,
    "gpu_classes": [
        {"id": CLASS, "vendor": "NVIDIA", "model": "H100", "interface": "SXM", "vram_mib": 81559,
         "board_power_watts": 700},
        {"id": "a100-sxm-80g", "vendor": "NVIDIA", "model": "A100", "interface": "SXM", "vram_mib": 81920,
         "board_power_watts": 400},
    ],
    "limits": {
        "skew_ms": 2000, "tick_ms": 1000, "proposal_ms": 3000, "retry_ms": 1000, "operations_per_entry": 256,
        "entry_bytes": 32000, "entries_per_second": 1000, "entry_burst": 5000, "open_orders_per_author": 50000,
        "gpus_per_order": 64, "lot_gpus": 1, "price_micros": 1000000000, "price_tick_micros": 1,
        "horizon_ms": 2592000000,
    },
    "bootstrap": [],
}


def eventually(what, probe, seconds=60):
    """The first true value of `probe`, which is asked again and again."""
    deadline = time.monotonic() + seconds
    error = None
    while True:
        try:
            value = probe()
            if value:
                return value
        except (OSError, http.client.HTTPException, KeyError, ValueError) as raised:
            error = raised
        if time.monotonic() > deadline:
            raise TimeoutError(f"within {seconds} s: {what}" + (f"; the last error: {error}" if error else ""))
        time.sleep(0.05)


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a node's own socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Node:
    """A node and its process."""

    def __init__(self, binary, directory, genesis):
        self.binary, self.directory, self.port = binary, pathlib.Path(directory), 0
        self.log = open(f"{directory}.log", "ab")
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "P2PNODE_PASSPHRASE": PASSPHRASE}
        subprocess.run(
            [binary, "init", "--network", genesis, "--data", directory], env=self.environment, check=True,
            stdout=self.log, stderr=self.log)
        self.process = None

    def start(self, peers=()):
        """Starts the node, on the port that it had before, and waits until it trades."""
        words = [self.binary, "run", "--data", str(self.directory), "--listen", "127.0.0.1:0", "--stop-with-stdin"]
        words += ["--http", f"127.0.0.1:{self.port}"]
        for peer in peers:
            words += ["--peer", peer]
        self.process = subprocess.Popen(
            words, env=self.environment, stdin=subprocess.PIPE, stdout=self.log, stderr=self.log)
        eventually(f"{self.directory.name} runs", self.is_running)
        self.port = int(self.access()[0].rsplit(":", 1)[1])

    def is_running(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.directory.name} ended: {self.tail()}")
        return self.get("status")["state"] == "running" and self.lets_in()

    def lets_in(self):
        """Whether the token in the file is of this start."""
        address, token = self.access()
        connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=20)
        connection.request("GET", "/v1/status", headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        connection.close()
        return answer.status == 200

    def tail(self):
        """The end of its log."""
        return pathlib.Path(self.log.name).read_text(errors="replace")[-2000:]

    def access(self):
        """The address and the token of its page."""
        address, token = (self.directory / "api.cookie").read_text().split()
        return address, token

    @property
    def address(self):
        return self.access()[0]

    @property
    def link(self):
        address, token = self.access()
        return f"{address}/?token={token}"

    def call(self, method, path, body=None):
        connection = UnixConnection(str(self.directory / "node.sock"))
        headers = {} if body is None else {"Content-Type": "application/json"}
        connection.request(method, f"/v1/{path}", None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        document = json.loads(answer.read())
        connection.close()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {document}")
        return document

    def get(self, path):
        return self.call("GET", path)

    def post(self, path, body):
        return self.call("POST", path, body)

    def kill(self):
        """Ends the process as a loss of power does."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()


class Relay:
    """Hands TCP connections on to a port of this machine, until they are cut."""

    def __init__(self, target):
        self.target, self.pairs, self.listener = target, [], None
        self.port = 0
        self.mend()

    def mend(self):
        """Listens, on the port that it had before."""
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def accept(self, listener):
        while True:
            try:
                near = listener.accept()[0]
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            self.pairs += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self.copy, args=(source, sink), daemon=True).start()

    def copy(self, source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def cut(self):
        """Ends all connections and takes none."""
        for end in [self.listener, *self.pairs]:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()
        self.pairs = []


def market(binary, directory):
    """A provider and a renter that know each other."""
    genesis = os.path.join(directory, "network.json")
    with open(genesis, "w") as file:
        json.dump(GENESIS, file)
    provider = Node(binary, os.path.join(directory, "provider"), genesis)
    renter = Node(binary, os.path.join(directory, "renter"), genesis)
    try:
        provider.start()
        renter.start([provider.get("status")["listen"]])
        eventually("the nodes know each other", lambda: provider.get("status")["peers"] == 1)
    except BaseException:
        provider.kill()
        renter.kill()
        raise
    return provider, renter
