"""A proxy on loopback that takes note of what goes through it, and certificates of a private authority."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sandbox.slack import LocalSlack

_CHUNK = 65536


@dataclass
class Proxy:
    """What went through: the targets as `host:port`, and the credentials that were shown.

    refuses: answers 407 to anyone who shows no credentials.
    """

    refuses: bool = False
    targets: list[str] = field(default_factory=list)
    credentials: set[str] = field(default_factory=set)
    url: str = ""
    _behind: dict[str, str] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def to(self, url: str) -> int:
        """Return how often a server was connected to."""
        return self.targets.count(urlsplit(url).netloc)

    def knows(self, url: str, behind: str) -> None:
        """Take those who ask for one server to another."""
        self._behind[urlsplit(url).netloc] = urlsplit(behind).netloc

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            await self._answer(head, reader, writer)
        writer.close()

    async def _answer(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
        netloc = target if method == "CONNECT" else urlsplit(target).netloc
        shown = _credentials(head)
        self.targets.append(netloc)
        self.credentials |= shown
        if self.refuses and not shown:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        host, _, port = self._behind.get(netloc, netloc).rpartition(":")
        behind = await asyncio.open_connection(host, int(port))
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            behind[1].write(head)
        await asyncio.gather(_pass(reader, behind[1]), _pass(behind[0], writer))


def _credentials(head: bytes) -> set[str]:
    lines = [line.split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line]
    found = [value for name, value in lines if name.lower() == b"proxy-authorization"]
    return {base64.b64decode(value.split()[1]).decode() for value in found}


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


@asynccontextmanager
async def proxying(refuses: bool = False) -> AsyncIterator[Proxy]:
    """Run a proxy for the length of the block."""
    proxy = Proxy(refuses)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()


class Authority:
    """A certificate authority that nobody knows, made for one test. folder: where its files are kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A company's own authority")])
        own = _builder(self._name, self._name, self._key.public_key())
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        self._certificate = own.add_extension(constraints, True).sign(self._key, hashes.SHA256())
        self.file = folder / "authority.pem"
        self.file.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def serving(self, address: str = "127.0.0.1", days: int = 1) -> ssl.SSLContext:
        """Return what a server at an address needs for HTTPS. days: until its certificate ends."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
        alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        certificate = _builder(name, self._name, key.public_key(), days).add_extension(alternative, False)
        file = self._folder / "server.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int = 1
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days))
    )


@asynccontextmanager
async def secured(url: str, context: ssl.SSLContext) -> AsyncIterator[str]:
    """Yield the HTTPS address of a server that passes everything on to the one at an http address."""
    target = urlsplit(url)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            behind = await asyncio.open_connection(target.hostname, target.port)
            await asyncio.gather(_pass(reader, behind[1]), _pass(behind[0], writer))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}{target.path}"
    finally:
        server.close()


def move(slack: LocalSlack, url: str) -> None:
    """Let a local Slack give out addresses of another host."""
    slack._responses.base_url = slack._files.base_url = f"{url}/"
    slack._sockets.base_url = f"{url.replace('http', 'ws', 1)}/"
