"""Starts programs, each with its output in a file, and surely ends them."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

RUNNING = []


def stop_all():
    """Ends everything that is still running."""
    for process in RUNNING:
        if process.poll() is None:
            process.kill()
        process.wait()
    RUNNING.clear()


def wait_until(done, seconds, what):
    """Asks `done` until it says yes."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if done():
            return
        time.sleep(0.01)
    raise AssertionError(f"{what} took longer than {seconds} s")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def http(url, data=None, headers=None):
    """Status and body of an answer, whatever the status is."""
    request = urllib.request.Request(url, data=data, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")


class Programs:
    """Where programs are, and a folder to work in."""

    def __init__(self, own, peers, folder):
        self.own = own.resolve()
        self.peers = peers.resolve()
        self.folder = folder

    def run(self, program, *args, **options):
        """Runs a program to its end."""
        command = [str(program), *map(str, args)]
        options["env"] = os.environ | options.get("env", {})
        return subprocess.run(command, capture_output=True, text=True, timeout=options.pop("timeout", 120), **options)

    def narthex(self, *args, **options):
        return self.run(self.own / "narthex", *args, **options)

    def datasets(self, *args, **options):
        return self.run(self.own / "narthex-datasets", *args, **options)

    def promtool(self, *args):
        """What promtool prints, as JSON."""
        done = self.run(self.peers / "promtool", *args)
        assert done.returncode == 0, f"promtool {args}: {done.stderr}"
        return json.loads(done.stdout)

    def start(self, name, program, *args, env=None):
        """Starts a program in the background; its output goes to the end of `name`.log."""
        log = self.folder / f"{name}.log"
        with open(log, "ab") as out:
            command = [str(program), *map(str, args)]
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=os.environ | (env or {}))
        RUNNING.append(process)
        return process, log

    def server(self, name, config="scrape_configs: []\n", data=None, flags=(), env=None):
        """A Narthex server, started and ready."""
        server = Server(self, name, config, data, flags, env)
        server.start()
        return server


class Server:
    """A Narthex server with a data folder and a configuration of its own."""

    def __init__(self, programs, name, config, data=None, flags=(), env=None):
        self.programs = programs
        self.name = name
        self.flags = flags
        self.env = env
        self.data = data or programs.folder / f"{name}-data"
        self.config = programs.folder / f"{name}.yml"
        self.config.write_text(config)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None
        self.log = None

    def args(self):
        address = f"--web.listen-address=127.0.0.1:{self.port}"
        return ["serve", f"--config.file={self.config}", f"--storage.path={self.data}", address, *self.flags]

    def start(self):
        self.process, self.log = self.programs.start(
            self.name, self.programs.own / "narthex", *self.args(), env=self.env
        )
        wait_until(self.is_ready, 60, f"the start of {self.name}")

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"{self.name} ended with {self.process.returncode}: {self.log.read_text()[-800:]}")
        try:
            return http(f"{self.url}/-/ready")[0] == 200
        except OSError:
            return False

    def stop(self):
        """SIGTERM; the exit code."""
        self.process.terminate()
        return self.process.wait(timeout=60)

    def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=60)

    def metrics(self):
        """What the server says of itself."""
        return http(f"{self.url}/metrics")[1]

    def api(self, path, **params):
        """The `data` of an answer of the Prometheus API."""
        status, body = http(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(params)}")
        assert status == 200, f"{path} {params}: {status} {body[:400]}"
        return json.loads(body)["data"]

    def value(self, query, at):
        """The one value that a query has at an instant, 0 if it has none."""
        result = self.api("query", query=query, time=at)["result"]
        assert len(result) <= 1, f"{query} has {len(result)} series"
        return float(result[0]["value"][1]) if result else 0.0

    def sql(self, statement):
        """The rows of a statement, as dictionaries."""
        url = f"{self.url}/api/v1/sql?{urllib.parse.urlencode({'query': statement, 'format': 'json'})}"
        status, body = http(url)
        assert status == 200, f"{statement}: {status} {body[:400]}"
        return rows_of(json.loads(body))


def rows_of(answer):
    """The rows of an SQL answer, bare or in an envelope."""
    while isinstance(answer, dict):
        answer = next(answer[key] for key in ("data", "rows", "result") if key in answer)
    return answer


def points_of(answer):
    """Series of a PromQL answer, bare or in an envelope: labels to points, values as numbers."""
    while isinstance(answer, dict):
        answer = next(answer[key] for key in ("data", "result") if key in answer)
    series = {}
    for one in answer:
        points = one["values"] if "values" in one else [one["value"]]
        labels = tuple(sorted(one["metric"].items()))
        series[labels] = [(round(float(at) * 1000), float(value)) for at, value in points]
    return series
