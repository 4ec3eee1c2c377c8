"""Refuses requests to private, local and otherwise special addresses unless they are allowed."""

from __future__ import annotations

import asyncio
import ipaddress
import socket


class PrivateAddress(Exception):
    """The host is in a private network, or is this machine."""


class UnknownHost(Exception):
    """A host without an address; the text has the reason."""


def is_public(address: str) -> bool:
    """Whether an IP address is public. For IPv6 forms that contain an IPv4 address, both must be."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    inner = [ip]
    if isinstance(ip, ipaddress.IPv6Address):
        inner += [a for a in (ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())) if a is not None]
        if ip in ipaddress.ip_network("64:ff9b::/96"):
            inner.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
    return all(a.is_global and not a.is_multicast for a in inner)


async def addresses(host: str, port: int, *, allow_private: bool) -> list[str]:
    """The IP addresses of a host. Connections must use one of these, without another DNS query: its answer may differ.

    Raises Private when any of them is not public, and Unknown when there is none.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as e:
        raise UnknownHost(f"the name {host} is not known: {getattr(e, 'strerror', None) or e}") from e
    ips = list(dict.fromkeys(str(info[4][0]) for info in found))
    if not ips:
        raise UnknownHost(f"the name {host} has no address")
    if not allow_private and not all(is_public(ip) for ip in ips):
        raise PrivateAddress(f"{host} is in a private network")
    return ips
