"""The SALESmanago Endpoint as people copy it, made into an address."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def normalise_endpoint(text: str) -> str:
    """Make `https://host[:port]` of what the vendor's pages show.

    Args:
        text: `app2.salesmanago.com`, with or without scheme, `/api` and a slash at the end.

    Returns:
        Scheme and host without a slash at the end.

    Raises:
        ValueError: It is no address, or plain http to a machine that is not local.
    """
    typed = text.strip()
    parts = urlsplit(typed if "://" in typed else f"https://{typed}")
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise ValueError("is not a host name such as app2.salesmanago.com")
    if parts.path.rstrip("/") not in {"", "/api"} or parts.query or parts.fragment:
        raise ValueError("has a path; give the host name only, such as app2.salesmanago.com")
    if parts.scheme == "http" and not _is_local(parts.hostname):
        raise ValueError("uses http; the API secret's signature needs https")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _is_local(host: str) -> bool:
    # A name without a dot is a neighbour in a container network, such as the twin of docker-compose.yaml.
    if host == "localhost" or ("." not in host and ":" not in host):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_private
