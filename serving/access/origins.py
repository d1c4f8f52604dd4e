"""Did the request come straight to us, and not by a page of somebody else's in a browser?

Asked where nothing that only our own clients know comes with a request: without a key, and with a
session's cookie. A page from elsewhere can have its visitor's browser ask a server on his machine,
and by a name of its own that it lets point there (DNS rebinding) even read the answers. It cannot
choose the `Host`, `Origin` and `Sec-Fetch-Site` that the browser sends.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection, Mapping

OURS = ("same-origin", "none")
NO_BROWSER = b"PowerShell/"
"""A client that calls itself `Mozilla/5.0`, as browsers do, and names itself behind that."""


class Hosts:
    """The names under which this server may be asked without a key.

    Those are addresses, names without a dot and this machine's own: none of them can be made to
    point here by a stranger. Others are named in the settings.
    """

    def __init__(self, named: Collection[str]) -> None:
        own = {socket.gethostname(), socket.getfqdn()}
        self._names = {name.casefold().rstrip(".") for name in {*named, *own}}
        self._known: set[bytes] = set()

    def __contains__(self, host: bytes | None) -> bool:
        """Return whether a `Host` header names this server; a request without one does not."""
        if host in self._known:
            return True
        if host is None or not host.isascii() or not self._is_ours(host):
            return False
        if len(self._known) < 64:
            self._known.add(host)
        return True

    def _is_ours(self, host: bytes) -> bool:
        name = name_in(host.decode("latin-1"))
        if name is None:
            return False
        dotless = "." not in name and name.replace("-", "").replace("_", "").isalnum()
        return dotless or name in self._names or name.endswith(".localhost") or _is_address(name)


def name_in(host: str) -> str | None:
    """Return the name in a `Host` header, without port and brackets; None where there is none."""
    if host.startswith("["):
        address, bracket, port = host[1:].partition("]")
        return address if bracket and (not port or port[1:].isdigit()) else None
    name, _, port = host.partition(":")
    if not name or (port and not port.isdigit()):
        return None
    return name.casefold().rstrip(".")


def is_forwarded(headers: Mapping[bytes, bytes]) -> bool:
    """Whether somebody passes the request on for another one."""
    # Asked of each request, and a loop would take three times as long.
    return (
        b"x-forwarded-for" in headers
        or b"forwarded" in headers
        or b"x-forwarded-host" in headers
        or b"x-real-ip" in headers
        or b"via" in headers
    )


def is_foreign(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a browser says that a page from elsewhere asks."""
    site = headers.get(b"sec-fetch-site")
    if site is not None and site.decode("latin-1").lower() not in OURS:
        return True
    origin = headers.get(b"origin")
    return origin is not None and not _names_host(origin, headers)


def tells_origin(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a browser says at all where the request comes from."""
    return b"origin" in headers or b"sec-fetch-site" in headers


def may_be_foreign(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a page from elsewhere may be behind a GET that does not say so: see `is_foreign`.

    For a link or an image a browser sends no `Origin`, and over plain HTTP no `Sec-Fetch-Site`;
    where it comes from stands in `Referer` alone, which the page may have left out. What a page
    cannot have left out is that a browser sends it: by its `User-Agent`, or by the languages of
    whoever sits before it. `*` is what scripts name that run outside of browsers.
    """
    referer = headers.get(b"referer")
    if tells_origin(headers) or (referer and _names_host(referer, headers)):
        return False
    agent = headers.get(b"user-agent", b"")
    says_browser = agent.startswith(b"Mozilla/") and NO_BROWSER not in agent
    return bool(referer) or says_browser or headers.get(b"accept-language", b"*") != b"*"


def _names_host(url: bytes, headers: Mapping[bytes, bytes]) -> bool:
    """Whether a page's origin or address is at the host that is asked."""
    # The scheme may have been another one before a proxy that ends TLS.
    _, _, rest = url.decode("latin-1").partition("://")
    asked_by = rest.partition("/")[0]
    return asked_by.casefold() == headers.get(b"host", b"").decode("latin-1").casefold()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
