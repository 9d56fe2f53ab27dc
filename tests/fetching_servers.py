"""A real server on loopback that can misbehave in every way a test asks for."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from models.fetching.addresses import AddressRules
from models.fetching.exchange import Exchange, Exchanger, Request

LOCAL = AddressRules(allow_private=("127.0.0.0/8", "::1"))

Script = bytes | Callable[[socket.socket], None]


def respond(body: bytes = b"", status: str = "200 OK", *headers: str) -> bytes:
    """A whole, sound response."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def redirect(location: str, status: str = "302 Found", *headers: str) -> bytes:
    """A redirect."""
    return respond(b"", status, f"Location: {location}", *headers)


@dataclass
class Server:
    """What it serves, by path, and what it was asked."""

    port: int
    pages: dict[str, Script | list[Script]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)  # TLS server names
    connections: int = 0
    busy: int = 0
    most_busy: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def url(self, path: str = "/", host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def _next(self, path: str) -> Script:
        script = self.pages.get(path, respond(b"nothing here", "404 Not Found"))
        if isinstance(script, list):
            return script.pop(0) if len(script) > 1 else script[0]
        return script

    def serve(self, connection: socket.socket) -> None:
        received = b""
        while b"\r\n\r\n" not in received:
            more = connection.recv(65536)
            if not more:
                return
            received += more
        text = received.decode("latin-1")
        path = text.split(" ")[1]
        with self.lock:
            self.asked.append(path)
            self.requests.append(text)
            self.busy += 1
            self.most_busy = max(self.busy, self.most_busy)
            script = self._next(path)
        try:
            if callable(script):
                script(connection)
            else:
                connection.sendall(script)
        finally:
            with self.lock:
                self.busy -= 1


@contextmanager
def serving(tls: ssl.SSLContext | None = None, address: str = "127.0.0.1") -> Iterator[Server]:
    """Serve while the block runs."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family)
    listener.bind((address, 0))
    listener.listen(64)
    server = Server(listener.getsockname()[1])
    if tls is not None:
        tls.sni_callback = lambda _s, name, _c: server.names.append(name)

    def talk(connection: socket.socket) -> None:
        with connection:
            connection.settimeout(10)
            try:
                spoken = tls.wrap_socket(connection, server_side=True) if tls else connection
                with spoken:
                    server.serve(spoken)
                    if isinstance(spoken, ssl.SSLSocket):
                        spoken.unwrap()
            except (OSError, ValueError):
                pass

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            server.connections += 1
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@dataclass
class Authority:
    """A certificate authority of a test's own."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def server_context(self, name: str) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certify(name, key.public_key(), self.certificate.subject, self.key, ca=False)
        path = self.folder / f"{name}.pem"
        path.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def client_context(self) -> ssl.SSLContext:
        pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode()
        return ssl.create_default_context(cadata=pem)


def make_authority(folder: Path) -> Authority:
    """Make a certificate authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    return Authority(folder, key, _certify("Test authority", key.public_key(), name, key, ca=True))


def _certify(
    name: str,
    public: ec.EllipticCurvePublicKey,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    *,
    ca: bool,
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if not ca:
        names: list[x509.GeneralName] = [x509.DNSName(name)]
        if name.replace(".", "").isdigit():
            names = [x509.IPAddress(ipaddress.ip_address(name))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key, hashes.SHA256())


@dataclass
class Scripted(Exchanger):
    """Answers from a list, the last one for ever; for tests of what lies around a fetcher."""

    answers: list[Exchange]
    asked: list[Request] = field(default_factory=list)

    def answer(self, request: Request) -> Exchange:
        self.asked.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@dataclass
class Clock:
    """Time that passes only when somebody sleeps."""

    now: float = 1_000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
