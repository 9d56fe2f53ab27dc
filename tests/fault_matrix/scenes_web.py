"""Scenes of what the picture's site says when it is asked."""

from __future__ import annotations

import json
import socket
import time

from tests.consent_files import picture
from tests.fault_matrix.axes import Carrier, Fault
from tests.fault_matrix.scenes import Arrange, scene
from tests.fault_matrix.world import METADATA_SERVICE, World
from tests.fetching_servers import Script, redirect, respond

ROBOTS = "/robots.txt"
AI = "/ai.txt"
TDMREP = "/.well-known/tdmrep.json"
LICENCE = "/license.xml"


def hang(_: socket.socket) -> None:
    """Take a request and never answer."""
    time.sleep(0.6)


def cut(body: bytes, missing: int = 40) -> bytes:
    """A response whose body ends before its ``Content-Length`` does."""
    whole = respond(body + b"x" * missing, "200 OK", "Content-Type: text/plain")
    return whole[:-missing]


def ask_site(world: World, pages: dict[str, Script]) -> None:
    """Have the picture come from a site with these pages; it asks for nothing else."""
    world.server.pages.update({"/a.png": respond(picture()), **pages})
    world.sidecar = json.dumps({"url": world.server.url("/a.png")}).encode()
    world.sources = ("web",)


def _pages(carrier: Carrier, fault: Fault, **pages: Script) -> None:
    def arrange(world: World) -> None:
        ask_site(world, {PATHS[name]: script for name, script in pages.items()})

    scene(carrier, fault)(arrange)


PATHS = {"image": "/a.png", "robots": ROBOTS, "ai": AI, "tdmrep": TDMREP, "licence": LICENCE}


def _faults_of(carrier: Carrier, name: str, begun: bytes, *, of_body: bool = True) -> None:
    """The faults of a server, at one address.

    Args:
        carrier: in whose row.
        name: of the address, in ``PATHS``.
        begun: a sound beginning of the file, before anything that refuses.
        of_body: the signal stands in a body; else in the headers.
    """
    large = respond(begun + b"#" * (3 * 1024**2)) if of_body else respond(b"", "200 OK", *MANY)
    _pages(carrier, Fault.TIMEOUT, **{name: hang})
    _pages(carrier, Fault.SERVER_ERROR, **{name: respond(b"sorry", "503 Service Unavailable")})
    torn = cut(begun) if of_body else b"HTTP/1.1 200 OK\r\nX-Robots"
    _pages(carrier, Fault.TRUNCATED, **{name: torn})
    _pages(carrier, Fault.OVERSIZED, **{name: large})
    _pages(carrier, Fault.PRIVATE, **{name: redirect(METADATA_SERVICE)})


MANY = [f"X-Filling-{number}: {'x' * 1000}" for number in range(80)]


def image(*headers: str) -> bytes:
    """The picture with response headers."""
    return respond(picture(), "200 OK", *headers)


# X-Robots-Tag
_pages(Carrier.ROBOTS_TAG, Fault.SOUND, image=image("X-Robots-Tag: noai"))
_pages(Carrier.ROBOTS_TAG, Fault.ABSENT, image=image("X-Robots-Tag: noindex"))
_pages(Carrier.ROBOTS_TAG, Fault.WRONG_TYPE, image=image('X-Robots-Tag: {"ai": 0}'))
_pages(Carrier.ROBOTS_TAG, Fault.STRANGER, image=image("X-Robots-Tag: all, ai"))
_pages(
    Carrier.ROBOTS_TAG, Fault.CONFLICTING, image=image("X-Robots-Tag: all", "X-Robots-Tag: NoAI")
)
_faults_of(Carrier.ROBOTS_TAG, "image", b"", of_body=False)

# robots.txt
GPTBOT = b"User-agent: GPTBot\nDisallow: /\n"
_pages(Carrier.ROBOTS_TXT, Fault.SOUND, robots=respond(GPTBOT))
_pages(Carrier.ROBOTS_TXT, Fault.ABSENT, robots=respond(b"", "404 Not Found"))
_pages(Carrier.ROBOTS_TXT, Fault.WRONG_TYPE, robots=respond(picture()))
_pages(Carrier.ROBOTS_TXT, Fault.STRANGER, robots=respond(b"User-agent: GPTBot\nAllow: /\n"))
_pages(Carrier.ROBOTS_TXT, Fault.CONFLICTING, robots=respond(GPTBOT + b"Allow: /\n"))
_faults_of(Carrier.ROBOTS_TXT, "robots", b"User-agent: GPTBot\n")

# ai.txt
_pages(Carrier.AI_TXT, Fault.SOUND, ai=respond(b"User-Agent: *\nDisallow: /\n"))
_pages(Carrier.AI_TXT, Fault.ABSENT, ai=respond(b"", "404 Not Found"))
_pages(Carrier.AI_TXT, Fault.WRONG_TYPE, ai=respond(picture()))
_pages(Carrier.AI_TXT, Fault.STRANGER, ai=respond(b"User-Agent: *\nAllow: /\n"))
_pages(Carrier.AI_TXT, Fault.CONFLICTING, ai=respond(b"User-Agent: *\nAllow: /\nDisallow: /\n"))
_faults_of(Carrier.AI_TXT, "ai", b"User-Agent: *\n")

# Content-Usage, as a header of the picture
_pages(Carrier.AIPREF, Fault.SOUND, image=image("Content-Usage: train-ai=n"))
_pages(Carrier.AIPREF, Fault.ABSENT, image=image())
_pages(Carrier.AIPREF, Fault.WRONG_TYPE, image=image("Content-Usage: train-ai=(n"))
_pages(Carrier.AIPREF, Fault.STRANGER, image=image("Content-Usage: train-ai=y"))
_pages(
    Carrier.AIPREF,
    Fault.CONFLICTING,
    image=image("Content-Usage: train-ai=n", "Content-Usage: train-ai=y"),
)
_faults_of(Carrier.AIPREF, "image", b"", of_body=False)

# Content-Signal, in robots.txt
SIGNAL = b"User-agent: *\nContent-Signal: "
_pages(Carrier.CONTENT_SIGNAL, Fault.SOUND, robots=respond(SIGNAL + b"ai-train=no\n"))
_pages(Carrier.CONTENT_SIGNAL, Fault.ABSENT, robots=respond(b"User-agent: *\nAllow: /\n"))
_pages(Carrier.CONTENT_SIGNAL, Fault.WRONG_TYPE, robots=respond(SIGNAL + b"ai-train=7\n"))
_pages(Carrier.CONTENT_SIGNAL, Fault.STRANGER, robots=respond(SIGNAL + b"ai-train=yes\n"))
_pages(
    Carrier.CONTENT_SIGNAL,
    Fault.CONFLICTING,
    robots=respond(SIGNAL + b"ai-train=yes, ai-train=no\n"),
)
_faults_of(Carrier.CONTENT_SIGNAL, "robots", b"User-agent: *\n")


# tdmrep.json
def reserve(*values: int | str | bool | list[int]) -> bytes:
    """A response with a rule for the whole site for each value."""
    rules = [{"location": "/*", "tdm-reservation": value} for value in values]
    return respond(json.dumps(rules).encode(), "200 OK", "Content-Type: application/json")


_pages(Carrier.TDMREP, Fault.SOUND, tdmrep=reserve(1))
_pages(Carrier.TDMREP, Fault.ABSENT, tdmrep=respond(b"", "404 Not Found"))
_pages(Carrier.TDMREP, Fault.WRONG_TYPE, tdmrep=respond(b'"reserved"'))
_pages(Carrier.TDMREP, Fault.STRANGER, tdmrep=reserve(0))
_pages(Carrier.TDMREP, Fault.CONFLICTING, tdmrep=reserve(0, 1))
_faults_of(Carrier.TDMREP, "tdmrep", b'[{"location": "/*",')


# RSL, at an address that robots.txt gives
def rsl(*terms: str) -> bytes:
    """A licence with these terms for the whole site."""
    inner = "".join(f"<license>{term}</license>" for term in terms)
    return (
        f'<rsl xmlns="https://rslstandard.org/rsl"><content url="/">{inner}</content></rsl>'
    ).encode()


def _licence(fault: Fault, script: Script) -> None:
    def arrange(world: World) -> None:
        pointer = f"License: {world.server.url(LICENCE)}\n"
        ask_site(world, {ROBOTS: respond(pointer.encode()), LICENCE: script})

    scene(Carrier.RSL, fault)(arrange)


PROHIBITS = '<prohibits type="usage">ai-train</prohibits>'
PERMITS = '<permits type="usage">ai-train</permits>'
_licence(Fault.SOUND, respond(rsl(PROHIBITS)))
_licence(Fault.ABSENT, respond(b"", "404 Not Found"))
_licence(Fault.TIMEOUT, hang)
_licence(Fault.SERVER_ERROR, respond(b"sorry", "503 Service Unavailable"))
_licence(Fault.TRUNCATED, cut(rsl(PROHIBITS)[:60]))
_licence(Fault.WRONG_TYPE, respond(b'{"ai": "no"}'))
_licence(Fault.OVERSIZED, respond(rsl(PROHIBITS)[:40] + b" " * (3 * 1024**2)))
_licence(Fault.PRIVATE, redirect(METADATA_SERVICE))
_licence(Fault.STRANGER, respond(rsl(PERMITS)))
_licence(Fault.CONFLICTING, respond(rsl(PERMITS + PROHIBITS)))

__all__ = ["Arrange", "ask_site", "cut", "hang"]
