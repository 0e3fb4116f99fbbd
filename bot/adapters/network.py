"""How every connection to Slack and to Vivoldi is made: which certificates are trusted, and by which proxy.

One rule for all: nothing is taken from the environment behind the settings' back, neither a proxy
(`HTTPS_PROXY`) nor a file that the keys of each connection are written to (`SSLKEYLOGFILE`). The one
exception is a folder of authorities (`SSL_CERT_DIR`), which OpenSSL itself looks for.
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import certifi
import httpx

if TYPE_CHECKING:
    from pydantic import SecretStr

    from bot.settings import Settings


@dataclass(frozen=True)
class Way:
    """The way to one server. proxy: an http or https address through which all of it goes; None: directly.

    A proxy's address can hold a password, so it is never printed.
    """

    trusted: ssl.SSLContext
    proxy: str | None = None

    def __repr__(self) -> str:
        return f"Way({'directly' if self.proxy is None else 'by a proxy'})"


@dataclass(frozen=True)
class Ways:
    """The ways to the two servers, both with the same trust."""

    slack: Way
    vivoldi: Way


def ways_of(settings: Settings) -> Ways:
    """Return how the servers are reached. Raises OSError for certificates that are gone since the start."""
    trusted = trust_store(settings.ssl_cert_file)

    def way(proxy: SecretStr | None) -> Way:
        return Way(trusted, None if proxy is None else proxy.get_secret_value())

    return Ways(way(settings.slack_proxy), way(settings.vivoldi_proxy))


def httpx_options(way: Way) -> dict[str, Any]:
    """Return what httpx's clients and transports are given so that they go that way and no other."""
    proxy = None
    if way.proxy is not None:
        # httpx takes no certificates for a proxy that is not reached by HTTPS.
        own = way.trusted if way.proxy.startswith("https:") else None
        proxy = httpx.Proxy(way.proxy, ssl_context=own)
    return {"verify": way.trusted, "trust_env": False, "proxy": proxy}


def direct() -> Way:
    """Return the way without a proxy, which trusts the usual authorities."""
    return Way(trust_store(None))


def trust_store(file: Path | None) -> ssl.SSLContext:
    """Return what certificates are checked with.

    file: the authorities that are trusted, in PEM; None: the machine's, as OpenSSL finds them, together with
    Mozilla's, since slim machines have none. With `SSL_CERT_DIR`, which takes the place of the machine's
    folder, Mozilla's are left out.
    Raises OSError (an ssl.SSLError is one) for a file that can't be used.
    """
    # Not `create_default_context`, which obeys SSLKEYLOGFILE. This one too wants a certificate, for the name.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if file is not None:
        context.load_verify_locations(file)
        return context
    context.load_default_certs()
    if not os.environ.get("SSL_CERT_DIR"):
        context.load_verify_locations(certifi.where())
    return context


def distrust(error: BaseException) -> str | None:
    """Return why a server's certificate is not trusted, in OpenSSL's words; None: that is not the trouble.

    Libraries wrap the error, each in its own way, so everything behind it is looked at.
    """
    seen: set[int] = set()
    behind: list[BaseException | None] = [error]
    while behind:
        each = behind.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, ssl.SSLCertVerificationError) and (why := getattr(each, "verify_message", None)):
            return str(why)
        behind += [each.__cause__, each.__context__, getattr(each, "certificate_error", None)]
    return None
