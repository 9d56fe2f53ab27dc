"""IPFS DAGs for tests, and a gateway on this machine that serves them well or badly."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import httpx

from models.consent.ipfs.cid import DAG_PB, RAW, SHA2_256, Cid, parse_cid
from models.consent.ipfs.varint import write_varint
from models.fetching.fetched import Failure, Fetched, FetchError

Dag = dict[Cid, bytes]


def cid_of(codec: int, block: bytes, version: int = 1) -> Cid:
    return Cid(version, codec, SHA2_256, hashlib.sha256(block).digest())


def fields(*parts: tuple[int, int | bytes]) -> bytes:
    """A protobuf message."""
    out = b""
    for number, value in parts:
        if isinstance(value, int):
            out += write_varint(number << 3) + write_varint(value)
        else:
            out += write_varint(number << 3 | 2) + write_varint(len(value)) + value
    return out


def pb_node(
    links: Sequence[tuple[Cid, bytes]], data: bytes, dag_sizes: Sequence[int] = ()
) -> bytes:
    sizes = dag_sizes or [0] * len(links)
    packed = [
        (2, fields((1, cid.binary), (2, name), (3, size)))
        for (cid, name), size in zip(links, sizes, strict=True)
    ]
    return fields(*packed, (1, data))


def make_directory(entries: dict[str, Cid], dag: Dag, version: int = 1) -> Cid:
    links = [(cid, name.encode()) for name, cid in sorted(entries.items())]
    block = pb_node(links, fields((1, 1)))
    cid = cid_of(DAG_PB, block, version)
    dag[cid] = block
    return cid


def make_file(
    pieces: Sequence[bytes], dag: Dag, *, width: int = 3, is_raw: bool = True, version: int = 1
) -> Cid:
    """A file of these pieces, as a balanced tree of ``width`` links a node."""
    level: list[tuple[Cid, int, int]] = []
    for piece in pieces:
        block = piece if is_raw else pb_node([], fields((1, 2), (2, piece), (3, len(piece))))
        cid = cid_of(RAW, block) if is_raw else cid_of(DAG_PB, block, version)
        dag[cid] = block
        level.append((cid, len(piece), len(block)))
    while len(level) > 1:
        level = [_join(level[at : at + width], dag, version) for at in range(0, len(level), width)]
    return level[0][0]


def _join(children: list[tuple[Cid, int, int]], dag: Dag, version: int) -> tuple[Cid, int, int]:
    size = sum(size for _, size, _ in children)
    data = fields((1, 2), (3, size), *((4, child) for _, child, _ in children))
    dag_sizes = [dag_size for _, _, dag_size in children]
    block = pb_node([(cid, b"") for cid, _, _ in children], data, dag_sizes)
    cid = cid_of(DAG_PB, block, version)
    dag[cid] = block
    return cid, size, len(block) + sum(dag_sizes)


def car_header(roots: Sequence[Cid]) -> bytes:
    listed = b"".join(
        b"\xd8\x2a\x58" + bytes([len(root.binary) + 1]) + b"\0" + root.binary for root in roots
    )
    header = b"\xa2\x65roots" + bytes([0x80 + len(roots)]) + listed + b"\x67version\x01"
    return write_varint(len(header)) + header


def make_car(roots: Sequence[Cid], blocks: Sequence[tuple[Cid, bytes]]) -> bytes:
    sections = (cid.binary + block for cid, block in blocks)
    return car_header(roots) + b"".join(
        write_varint(len(section)) + section for section in sections
    )


@dataclass
class LocalGateway:
    """What a gateway on this machine serves, how, and what it was asked for.

    Attributes:
        dag: the blocks.
        mode: honest, lying, truncating, oversized, slow, absent, broken, pages (HTML for all) or
            no_car.
        missing: blocks that it does not have.
        plain: bodies of other paths.
        asked: every request, in order.
        url: where it listens.
    """

    dag: Dag
    mode: str = "honest"
    missing: set[Cid] = field(default_factory=set)
    plain: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, target: str) -> tuple[int, bytes]:
        self.asked.append(target)
        parts = urlsplit(target)
        form = parse_qs(parts.query).get("format", [""])[0]
        if self.mode == "absent":
            return 404, b""
        if self.mode == "broken":
            return 500, b""
        if self.mode == "pages":
            return 200, b"<!doctype html><title>Welcome</title>"
        if not parts.path.startswith("/ipfs/") or not form:
            body = self.plain.get(unquote(parts.path))
            return (404, b"") if body is None else (200, body)
        cid = parse_cid(parts.path.split("/")[2])
        held = {one: block for one, block in self.dag.items() if one not in self.missing}
        if form == "car":
            if self.mode == "no_car":
                return 400, b"format is not supported"
            if cid not in held:
                return 404, b""
            blocks = [(one, self.spoil(block)) for one, block in held.items()]
            body = make_car([cid], blocks)
        elif cid not in held:
            return 404, b""
        else:
            body = self.spoil(held[cid])
        if self.mode == "truncating":
            body = body[: len(body) * 2 // 3]
        if self.mode == "oversized":
            body += bytes(4 * 1024**2)
        return 200, body

    def spoil(self, block: bytes) -> bytes:
        if self.mode != "lying" or not block:
            return block
        return block[:-1] + bytes([block[-1] ^ 1])


@contextmanager
def serve(gateway: LocalGateway) -> Iterator[LocalGateway]:
    """Serve ``gateway`` on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = gateway.answer(self.path)
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            if gateway.mode != "slow":
                self.wfile.write(body)
                return
            for at in range(0, len(body), 64):
                self.wfile.write(body[at : at + 64])
                self.wfile.flush()
                time.sleep(0.001)

        def log_message(self, *args: object) -> None:
            """Say nothing: pytest shows what matters."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=lambda: server.serve_forever(0.01), daemon=True)
    thread.start()
    gateway.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def fetch_http(url: str, *, accept: str = "*/*", max_bytes: int | None = None) -> Fetched:
    """A plain ``Fetch`` over HTTP, without the product's precautions against private addresses."""
    try:
        response = httpx.get(url, headers={"accept": accept}, timeout=40, trust_env=False)
    except httpx.TimeoutException as error:
        raise FetchError(Failure.TIMEOUT, url, "it took too long") from error
    except httpx.HTTPError as error:
        raise FetchError(Failure.UNREACHABLE, url, "there is no connection") from error
    status = response.status_code
    if status >= 400:
        failure = Failure.SERVER_ERROR if status >= 500 else Failure.DENIED
        failure = Failure.ABSENT if status in (404, 410) else failure
        raise FetchError(failure, url, f"the server answers {status}")
    if max_bytes is not None and len(response.content) > max_bytes:
        raise FetchError(Failure.TOO_LARGE, url, f"it is larger than {max_bytes:,} bytes")
    headers = tuple((name.lower(), value) for name, value in response.headers.items())
    return Fetched(url, str(response.url), status, headers, response.content, 0)
