"""Where a request comes from: whose address counts, and whether it is this machine's own.  No I/O.

``X-Forwarded-For`` is what a caller says.  It is believed from trusted proxies only; from anybody else it
shows that a request was passed on, so that a proxy on this machine does not make the world local.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.types import Scope as AsgiScope

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address
_PASSED_ON = (b"x-forwarded-for", b"forwarded", b"x-real-ip", b"via")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


@dataclass(frozen=True, slots=True)
class Origin:
    """The address that counts, and whether somebody on this machine asks."""

    address: str
    local: bool


class TrustedProxies:
    """Addresses whose ``X-Forwarded-For`` is believed.

    Args:
        names: Addresses or networks, such as ``10.0.0.0/8``.

    Raises:
        ValueError: If one is neither.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._networks: tuple[Network, ...] = tuple(ip_network(name) for name in names)

    def __contains__(self, address: Address | None) -> bool:
        return address is not None and any(
            address in network for network in self._networks if network.version == address.version
        )


def origin_of(scope: AsgiScope, proxies: TrustedProxies) -> Origin:
    """Return where a request comes from.

    It is local when it comes from a loopback address straight, is addressed to one, and was not made by
    another site's page in a browser on this machine.
    """
    headers = dict(scope["headers"])
    peer = _address((scope.get("client") or ("",))[0])
    if peer in proxies:
        named = [_address(one) for one in _forwarded(scope)]
        behind = next((one for one in reversed(named) if one not in proxies), None)
        return Origin(address=str(behind or peer), local=False)
    straight = peer is not None and peer.is_loopback and not any(name in headers for name in _PASSED_ON)
    own = _host_name(headers.get(b"host", b"")) in _OWN_NAMES
    return Origin(
        address=str(peer or "unknown"),
        local=straight and own and not from_another_site(scope["method"], headers),
    )


def from_another_site(method: str, headers: Mapping[bytes, bytes]) -> bool:
    """Tell whether a browser sends a request that changes something for a page of another site."""
    if method in _SAFE:
        return False
    if headers.get(b"sec-fetch-site", b"same-origin") not in (b"same-origin", b"none"):
        return True
    origin = headers.get(b"origin")
    return origin is not None and origin.split(b"://")[-1] != headers.get(b"host", b"")


def _forwarded(scope: AsgiScope) -> list[str]:
    lines = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return [one.strip() for line in lines for one in line.split(",")]


def _address(text: str) -> Address | None:
    try:
        found = ip_address(text.strip("[]"))
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def _host_name(host: bytes) -> str:
    text = host.decode("latin-1").lower()
    return text if text.endswith("]") else text.rsplit(":", 1)[0]
