"""The SALESmanago Endpoint as people copy it, made into an address."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

# Registries sell names below labels such as co.uk and com.pl.
_LONGEST_OF_A_REGISTRY = 3


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
    if parts.scheme == "http" and not _is_near(parts.hostname):
        raise ValueError("uses http; the API secret's signature needs https")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def warning_of(endpoint: str) -> str:
    """Say what is wrong with an endpoint that is taken all the same; empty where nothing is."""
    parts = urlsplit(endpoint)
    if parts.scheme == "https" or _is_this_machine(str(parts.hostname)):
        return ""
    return "uses http to another machine: whoever is between reads every contact, and can sign requests for ever."


def may_download(endpoint: str, url: str, hosts: Collection[str] = ()) -> bool:
    """Tell whether a file that SALESmanago names may be fetched.

    Args:
        endpoint: The account's endpoint.
        url: The file's address.
        hosts: Further hosts that a setting names.
    """
    mine, theirs = urlsplit(endpoint), urlsplit(url)
    own, host = str(mine.hostname), theirs.hostname
    if host is None or "@" in theirs.netloc:
        return False
    if theirs.scheme == mine.scheme and theirs.netloc.lower() == mine.netloc:
        return True
    domain = _domain(own)
    alike = host in hosts or host == own or (domain is not None and host.endswith(f".{domain}"))
    return theirs.scheme == "https" and alike


def _domain(host: str) -> str | None:
    """The domain of a host's neighbours: app2.salesmanago.com has those of salesmanago.com."""
    domain = host.partition(".")[2]
    labels = domain.split(".")
    # The parent of app2.example.com is somebody's domain; that of example.com, or of example.co.uk, is everybody's.
    return domain if len(labels) > 1 and max(map(len, labels)) > _LONGEST_OF_A_REGISTRY and not _is_ip(host) else None


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    return _is_ip(host) and ip_address(host).is_loopback


def _is_near(host: str) -> bool:
    # A name without a dot is a neighbour in a container network, such as the twin of docker-compose.yaml.
    if _is_this_machine(host) or ("." not in host and ":" not in host):
        return True
    return _is_ip(host) and ip_address(host).is_private
