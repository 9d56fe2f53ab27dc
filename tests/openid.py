"""A real OpenID provider for tests: oidc-provider (MIT) in Node, on a free port of the loopback.

It is no part of Kiyome: ``npm install --no-save oidc-provider`` in the repository, or the folder
that holds its ``node_modules`` in ``KIYOME_NODE``.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

CLIENT, SECRET = "kiyome", "a secret of the test only"
_ROOT = Path(__file__).parents[1]


def find_modules(package: str) -> Path:
    """The folder whose ``node_modules`` holds a package; skips the test where there is none."""
    for folder in (os.environ.get("KIYOME_NODE"), str(_ROOT)):
        if folder and (Path(folder) / "node_modules" / package).is_dir():
            return Path(folder)
    pytest.skip(f"no {package}: npm install --no-save {package}, or name its folder in KIYOME_NODE")


@contextmanager
def openid_provider(return_to: str, *, secret: str = SECRET) -> Iterator[str]:
    """The issuer of a provider that knows one client; whoever gives a name there is that."""
    modules = find_modules("oidc-provider")
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node.js: oidc-provider needs it")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    script = Path(__file__).with_name("openid_provider.mjs")
    server = subprocess.Popen(
        [node, script, str(port), modules, CLIENT, secret, return_to],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout is not None
    try:
        while line := server.stdout.readline():
            if line.strip() == "ready":
                break
        else:
            raise RuntimeError("the OpenID provider did not start")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)
        server.stdout.close()


def visit_provider(address: str, login: str) -> str:
    """Sign in at the provider as a browser would, and return where it sends the browser back to."""
    with httpx.Client(follow_redirects=False) as http:
        answer = http.get(address)
        for _ in range(12):
            if answer.is_redirect:
                to = urljoin(str(answer.url), answer.headers["location"])
                if "/sign-in/provider/return" in to:
                    return to
                answer = http.get(to)
                continue
            form = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
            prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
            assert form, answer.text
            assert prompt, answer.text
            fields = {"prompt": prompt[1], "login": login, "password": "anything"}
            answer = http.post(urljoin(str(answer.url), form[1]), data=fields)
    raise RuntimeError("the provider never sent the browser back")
