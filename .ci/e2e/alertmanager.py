"""Alertmanagers for scenarios: Debian's, and some that misbehave."""

import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from programs import free_port, wait_until

USER, PASSWORD = "narthex", "hunter2"
# bcrypt of the password.
HASHED = "$2b$05$abcdefghijklmnopqrstuuoXuKqgZXLiJqzfmMXDDhSFPIvxV7t8."


class Real:
    """Debian's Alertmanager, over TLS behind a password if `secured`; knows nobody to tell."""

    def __init__(self, programs, name, secured=False, port=None):
        self.programs, self.name, self.secured = programs, name, secured
        self.port = port or free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.folder = programs.folder / name
        self.folder.mkdir(exist_ok=True)
        (self.folder / "alertmanager.yml").write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
        self.certificate = self.folder / "certificate.pem"
        if secured:
            self.secure()

    def secure(self):
        key = self.folder / "key.pem"
        done = self.programs.run(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE", "-keyout", key, "-out", self.certificate,
        )
        assert done.returncode == 0, done.stderr
        web = {"tls_server_config": {"cert_file": str(self.certificate), "key_file": str(key)}, "basic_auth_users": {USER: HASHED}}
        (self.folder / "web.yml").write_text(json.dumps(web))
        client = {"basic_auth": {"username": USER, "password": PASSWORD}, "tls_config": {"ca_file": str(self.certificate)}}
        (self.folder / "client.yml").write_text(json.dumps(client))

    def start(self):
        # Debian's build looks for its templates where a package is installed, and ours is only unpacked.
        share = self.programs.peers.parent / "share"
        inside = ["unshare", "--map-root-user", "--mount", "sh", "-c", f'mount --bind "{share}" /usr/share && exec "$0" "$@"']
        options = [f"--web.config.file={self.folder / 'web.yml'}"] if self.secured else []
        self.programs.start(
            self.name, *inside, self.programs.peers / "prometheus-alertmanager", f"--config.file={self.folder / 'alertmanager.yml'}",
            f"--storage.path={self.folder / 'data'}", f"--web.listen-address={self.address}", "--cluster.listen-address=", *options,
        )
        wait_until(self.is_ready, 30, f"the start of {self.name}")
        return self

    def amtool(self, *args):
        scheme = "https" if self.secured else "http"
        options = [f"--http.config.file={self.folder / 'client.yml'}"] if self.secured else []
        return self.programs.run(self.programs.peers / "amtool", f"--alertmanager.url={scheme}://{self.address}", *options, *args)

    def is_ready(self):
        return self.amtool("alert", "query", "-o", "json").returncode == 0

    def heard(self, name):
        """The alerts of this name that it takes as firing."""
        done = self.amtool("alert", "query", "-o", "json", f"alertname={name}")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


class Odd:
    """A server on loopback that does with each request what it was told to do."""

    def __init__(self, answer):
        odd = self
        self.requests = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                odd.requests.append((self.path, self.headers, body))
                answer(self)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def says(status, body=b"{}", headers=None):
    """Answers everybody alike; the body may be a function."""

    def answer(handler):
        text = body() if callable(body) else body
        handler.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(text)), **(headers or {})}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(text)

    return answer


def late(seconds, then):
    """Answers when nobody waits any more."""

    def answer(handler):
        time.sleep(seconds)
        try:
            then(handler)
        except (OSError, ssl.SSLError):
            pass

    return answer
