"""oauth2: tokens for scraping, discovery and Alertmanagers, from a server on loopback, asked for as Prometheus asks."""

import base64
import json
import urllib.parse

from alertmanager import Odd, says
from alerting import prometheus
from checks import equal
from programs import wait_until

CONFIG = """global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
rule_files: ['FOLDER/oauth2-rules.yml']
scrape_configs:
  - job_name: asked
    oauth2: OAUTH
    http_sd_configs: [{url: 'http://TARGET/sd', refresh_interval: 1s, oauth2: OAUTH}]
alerting:
  alertmanagers:
    - oauth2: OAUTH
      static_configs: [{targets: ['TARGET']}]
"""

OAUTH = """{client_id: 'the:ID', client_secret_file: 'FOLDER/oauth2-secret', token_url: 'http://TOKENS/token',
       scopes: [read, 'write it'], endpoint_params: {audience: 'a&b', resource: x}}"""

RULES = "groups: [{name: a, rules: [{alert: Always, expr: vector(1)}]}]\n"


def run(programs, checks):
    # A token for each client and secret.
    tokens = Odd(lambda handler: says(200, token(tokens.requests[-1]))(handler))
    target = Odd(lambda handler: answers(handler, target.address))
    secret = programs.folder / "oauth2-secret"
    secret.write_text("first one\n")
    (programs.folder / "oauth2-rules.yml").write_text(RULES)
    config = CONFIG.replace("OAUTH", OAUTH.replace("\n      ", "")).replace("FOLDER", str(programs.folder))
    config = config.replace("TARGET", target.address).replace("TOKENS", tokens.address)
    programs.server("oauth2", config.replace("ID", "ours"))
    theirs = programs.folder / "oauth2-theirs.yml"
    theirs.write_text(config.replace("ID", "theirs"))
    prometheus(programs, "oauth2", theirs)
    with checks.check("who tells of alerts has a token"):
        wait_until(lambda: "/api/v2/alerts" in reached(target, "ours", "first one"), 20, "an alert")
    for secret_now in ["first one", "second"]:
        # At once: who reads half of a secret asks for a token with it.
        draft = programs.folder / "oauth2-draft"
        draft.write_text(secret_now + "\n")
        draft.rename(secret)
        with checks.check(f"who scrapes and discovers has a token for {secret_now!r}, ours and Prometheus'"):
            for client in ["ours", "theirs"]:
                wait_until(lambda: reached(target, client, secret_now) >= {"/metrics", "/sd"}, 20, f"{client}: {secret_now}")
    with checks.check("servers of tokens are asked as Prometheus asks them, and not for each request"):
        ours, theirs = asked(tokens, "ours"), asked(tokens, "theirs")
        equal(sorted(set(ours)), sorted(set(theirs)))
        # Three clients, two secrets; an alert is told again after a minute.
        assert 5 <= len(ours) <= 6, ours


def token(request):
    name = f"{client_of(request)} {secret_of(request)}".encode().hex()
    return json.dumps({"access_token": name, "token_type": "bearer", "expires_in": 3600}).encode()


def basic(request):
    """Name and secret of a request for a token."""
    kind, text = request[1]["Authorization"].split(" ")
    equal(kind, "Basic")
    return [urllib.parse.unquote_plus(part) for part in base64.b64decode(text).decode().split(":")]


def client_of(request):
    return basic(request)[0].removeprefix("the:")


def secret_of(request):
    return basic(request)[1]


def asked(tokens, client):
    """What a client wanted of the server of tokens."""
    mine = [request for request in tokens.requests if client_of(request) == client]
    return [(secret_of(r), r[0], r[1]["Content-Type"], str(sorted(urllib.parse.parse_qsl(r[2].decode())))) for r in mine]


def answers(handler, address):
    """Metrics, targets or thanks, for those who have a token."""
    if not handler.headers.get("Authorization", "").startswith("Bearer "):
        return says(401)(handler)
    if handler.path == "/sd":
        return says(200, json.dumps([{"targets": [address]}]).encode())(handler)
    if handler.path == "/metrics":
        return says(200, b"a 1\n", {"Content-Type": "text/plain; version=0.0.4"})(handler)
    return says(200)(handler)


def reached(target, client, secret):
    """What a client asked of the target with a token for that secret."""
    name = f"{client} {secret}".encode().hex()
    with_token = [path for path, headers, _ in list(target.requests) if headers.get("Authorization") == f"Bearer {name}"]
    return set(with_token)
