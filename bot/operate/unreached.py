"""What to do about a server that can't be reached."""

from __future__ import annotations


def unreached(error: Exception, server: str) -> str:
    """Return what to do about a server, SLACK or VIVOLDI, that gave no usable answer."""
    if "certificate" in str(error):
        return (
            "Put the certificate of the authority that vouches for it into a file, and name that in "
            "SSL_CERT_FILE. If it is said to have expired, look at this machine's clock as well."
        )
    named = f"{server}_API_URL, {server}_PROXY and the network"
    return f"Look at {named}; if all are right, try again in a minute."
