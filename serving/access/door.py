"""Decides who is let in, for every way into the application.

`quick` is for requests that are answered at once: a few look-ups, and no for whatever needs a
second look. `enter` takes that look, and says why somebody is turned away.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Mapping
from typing import NamedTuple

from starlette.types import Scope

from pipelines.access.register import Register
from pipelines.access.roles import Role, role_named
from pipelines.access_settings import AccessSettings
from pipelines.store import Store
from serving.access import origins
from serving.access.caller import ANONYMOUS, Caller
from serving.access.credentials import Credentials, presented, token_in
from serving.access.origins import Hosts
from serving.access.rates import Meter, Rate, rate_of
from serving.access.refusals import (
    ForeignRequest,
    NotAllowed,
    NotAuthenticated,
    TooFast,
    Undeclared,
)
from serving.access.routes import Asked
from serving.access.standing import Standing

FAILURES = Rate(60, 60.0)
"""Unknown keys that an address may present; good keys of the same address are not held up."""
ADDRESS_RATE = "1200/minute"
"""Of an address without a key, where the API listens beyond loopback and nothing else is set."""
MOST_HEADERS = ("authorization", "x-api-key", "host", "origin", "sec-fetch-site")

logger = logging.getLogger(__name__)


class Entered(NamedTuple):
    """A request that was let in, and what its answer says of the rate, if anything."""

    caller: Caller
    headers: Mapping[str, str]


class Door:
    """Who may do what, by the settings and by the keys in the store."""

    def __init__(self, settings: AccessSettings, store: Store, *, beyond_loopback: bool) -> None:
        self.implied = settings.anonymous is None and not beyond_loopback
        """Whether nobody has said so, and yet callers without a key may do something."""
        self._anonymous = Caller(ANONYMOUS, _anonymous_role(settings, beyond_loopback))
        self._nobody = Caller(ANONYMOUS, Role.ANYONE)
        self._hosts = Hosts(settings.hosts)
        self.credentials = Credentials()
        self.standing = Standing(store, self._take)
        self._of_keys = _meter(settings.key_rate)
        usual = ADDRESS_RATE if beyond_loopback else None
        self._of_addresses = _meter(settings.address_rate or usual)
        self._failures = Meter(FAILURES)

    @property
    def anonymous(self) -> Caller:
        """The caller without a key."""
        return self._anonymous

    def quick(self, headers: Mapping[bytes, bytes], needed: Role, address: str) -> Caller | None:
        """Return who asks, where he may at first glance; `count` counts him once he is answered.

        None says nothing but that `enter` has to look. Each header was sent once.
        """
        if presented(headers):
            caller = self.credentials.by_key(headers)
            if caller is None or caller.role < needed:
                return None
        else:
            caller = self._anonymous
            if caller.role < needed or not self._comes_directly(headers):
                return None
        meter = self._meter_of(caller)
        return None if meter and meter.wait(_counted_as(caller, address)) else caller

    def count(self, caller: Caller, address: str) -> None:
        """Count a request that was let in at first glance."""
        if meter := self._meter_of(caller):
            meter.count(_counted_as(caller, address))

    async def enter(self, scope: Scope, asked: Asked | None) -> Entered:
        """Return who asks, if he may. Raises an `AccessRefused`.

        What is not there may be asked for by anybody, since the answer is that it is not there.
        """
        headers = _once(scope)
        address = address_of(scope)
        caller = await self._known(headers, address)
        # The trail wants to say who was turned away.
        scope["state"]["caller"] = caller
        if asked is None:
            return Entered(caller, {})
        if asked.rule is None:
            logger.error("%s is in no rule, so it is refused to everybody", asked.action)
            raise Undeclared("nobody has declared who may ask this route")
        self._require_direct(caller, headers, asked)
        if caller.role < asked.rule.role:
            raise _why_not(caller, asked.rule.role)
        return Entered(caller, self._paced(caller, address) if asked.rule.role else {})

    async def identify(self, text: str, address: str) -> Caller:
        """Return whose key a text is. Raises `NotAuthenticated` or `TooFast`."""
        caller = self.credentials.by_text(text)
        if caller is None:
            # Wrong keys of others behind the same address keep nobody out who has a good one.
            self._require_patience(address)
            await self.standing.renew()
            caller = self.credentials.by_text(text)
        if caller is None:
            self._failures.count(address)
            raise NotAuthenticated("the key is not known, or not good any more", presented=True)
        return caller

    async def _known(self, headers: Mapping[bytes, bytes], address: str) -> Caller:
        if presented(headers):
            return await self._by_key(headers, address)
        # Who comes by a proxy is on another machine, and nobody has said that he may.
        unknown = (
            self._nobody if self.implied and origins.is_forwarded(headers) else self._anonymous
        )
        token = token_in(headers.get(b"cookie", b""))
        if not token:
            return unknown
        caller = self.credentials.by_session(token)
        if caller is None and not self._failures.wait(address):
            # Another worker may have begun it a moment ago.
            await self.standing.renew()
            caller = self.credentials.by_session(token)
            if caller is None:
                self._failures.count(address)
        return caller or unknown

    async def _by_key(self, headers: Mapping[bytes, bytes], address: str) -> Caller:
        caller = self.credentials.by_key(headers)
        if caller is None:
            self._require_patience(address)
            await self.standing.renew()
            caller = self.credentials.by_key(headers)
        if caller is None:
            self._failures.count(address)
            raise NotAuthenticated("the key is not known, or not good any more", presented=True)
        return caller

    def _require_patience(self, address: str) -> None:
        if wait := self._failures.wait(address):
            raise TooFast("too many unknown keys from this address", wait, {})

    def _require_direct(self, caller: Caller, headers: Mapping[bytes, bytes], asked: Asked) -> None:
        """Raise `ForeignRequest` where a page from elsewhere may be behind what nothing proves."""
        assert asked.rule is not None
        if caller.by == "key":
            return
        uses = asked.rule.role > Role.ANYONE and caller.by == "none"
        if uses and caller.role >= asked.rule.role and headers.get(b"host") not in self._hosts:
            raise ForeignRequest(
                "without a key this server is asked by its address, or by a name among "
                "[access] hosts in contender.toml"
            )
        if not asked.rule.changes:
            return
        if origins.is_foreign(headers):
            raise ForeignRequest("a page from elsewhere asks for this")
        if caller.by == "session" and not origins.tells_origin(headers):
            raise ForeignRequest("with a session only the console asks for this; use a key")
        if asked.action.startswith("GET ") and origins.may_be_foreign(headers):
            raise ForeignRequest(
                "a browser asks for this, and does not say for which page; use POST, or a key"
            )

    def _comes_directly(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether the machine itself asks, or nobody minds."""
        if headers.get(b"host") not in self._hosts:
            return False
        return not (self.implied and origins.is_forwarded(headers))

    def _meter_of(self, caller: Caller) -> Meter | None:
        return self._of_addresses if caller.key_id is None else self._of_keys

    def _paced(self, caller: Caller, address: str) -> Mapping[str, str]:
        meter = self._meter_of(caller)
        if meter is None:
            return {}
        who = _counted_as(caller, address)
        wait = meter.wait(who)
        if wait:
            said = f"{caller.name} may ask {meter.rate} of this worker"
            raise TooFast(said, wait, meter.headers(who))
        meter.count(who)
        return meter.headers(who)

    def _take(self, register: Register) -> None:
        self.credentials.take(register)
        names = self.credentials.reserved
        self._anonymous = Caller(ANONYMOUS, self._anonymous.role, reserved=names)


def _why_not(caller: Caller, needed: Role) -> Exception:
    if caller.key_id is not None:
        return NotAllowed(caller.name, caller.role, needed)
    return NotAuthenticated(f"this takes a key of a {needed.word}: Authorization: Bearer ck_…")


def _anonymous_role(settings: AccessSettings, beyond_loopback: bool) -> Role:
    if settings.anonymous is None:
        return Role.ANYONE if beyond_loopback else Role.OPERATOR
    return Role.ANYONE if settings.anonymous == "none" else role_named(settings.anonymous)


def _meter(rate: str | None) -> Meter | None:
    return Meter(rate_of(rate)) if rate else None


def _counted_as(caller: Caller, address: str) -> str:
    return caller.key_id or address


def address_of(scope: Scope) -> str:
    """Return where a request comes from; of IPv6 the network, all of which is one customer's."""
    client = scope.get("client")
    return network_of(client[0]) if client else ""


def network_of(address: str) -> str:
    """Return an address of IPv4 as it is, and the /64 of one of IPv6."""
    if ":" not in address:
        return address
    try:
        return str(ipaddress.ip_network(f"{address.partition('%')[0]}/64", strict=False))
    except ValueError:
        return address


def _once(scope: Scope) -> Mapping[bytes, bytes]:
    """Return the headers of a request. Raises `NotAuthenticated` where one of ours comes twice.

    Who sends two keys, or two hosts, wants one of them overlooked.
    """
    headers = dict(scope["headers"])
    if len(headers) < len(scope["headers"]):
        names = [name for name, _ in scope["headers"]]
        for name in MOST_HEADERS:
            if names.count(name.encode()) > 1:
                raise NotAuthenticated(f"the header {name} was sent twice")
    return headers
