"""The network: by which proxies and authorities the servers are reached, and what stands in the way.

Whether they work is seen when Slack and Vivoldi are asked; every connection goes that way.
"""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from pydantic import SecretStr

from bot.operate.check.finding import Finding, fine
from bot.operate.check.given import Given

# What other programs take proxies from. The bot does not, since they would get to see its tokens unasked.
_OTHERS = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")


def look_at_network(given: Given) -> list[Finding]:
    """Return what is set about proxies and certificates; nothing if nothing is set."""
    settings = given.settings
    found = []
    if settings.ssl_cert_file is not None:
        said = f"Slack, Vivoldi and proxies are trusted by the authorities in {settings.ssl_cert_file} alone."
        found.append(fine("certificates", said))
    ignored = [name for name in _OTHERS if os.environ.get(name) or os.environ.get(name.lower())]
    slack, vivoldi = settings.slack_proxy, settings.vivoldi_proxy
    if slack is not None or vivoldi is not None:
        found.append(fine("proxy", f"Slack is reached {_by(slack)}, Vivoldi {_by(vivoldi)}."))
    elif ignored:
        said = f"{ignored[0]} is not used: Slack and Vivoldi are reached directly."
        found.append(fine("proxy", f"{said} If they need a proxy, set SLACK_PROXY and VIVOLDI_PROXY."))
    return found


def _by(proxy: SecretStr | None) -> str:
    if proxy is None:
        return "directly"
    # Without the name and the password.
    parts = urlsplit(proxy.get_secret_value())
    return f"by the proxy {parts.scheme}://{parts.netloc.rpartition('@')[2]}"
