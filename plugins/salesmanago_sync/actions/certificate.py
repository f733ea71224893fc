"""Certificates: listed, and read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from salesmanago_sync.actions.rows import Rows
from salesmanago_sync.errors import Fault, UnknownError
from salesmanago_sync.hooks.certificates import Certificates
from salesmanago_sync.hooks.ports import certificates_root
from salesmanago_sync.pair import Pair
from salesmanago_sync.settings import Settings


@dataclass(frozen=True, slots=True)
class KeptCertificate:
    """A certificate that is kept.

    Attributes:
        name: Its name, without the ending of its files.
        run: The number of its run in the ledger.
    """

    name: str
    run: int


def list_certificates(pair: Pair, settings: Settings) -> Rows[KeptCertificate]:
    """List the certificates, the newest first."""
    names = Certificates(certificates_root(pair, settings)).names()
    return Rows[KeptCertificate].of([KeptCertificate(name, int(name.rpartition("-")[2])) for name in names])


def read_certificate(pair: Pair, settings: Settings, name: str) -> Rows[dict[str, Any]]:
    """Read what a certificate says.

    Args:
        pair: Whose it is.
        settings: Say where certificates are kept.
        name: Of the certificate, or `last`.

    Raises:
        UnknownError: There is none of that name.
    """
    kept = Certificates(certificates_root(pair, settings))
    names = kept.names()
    chosen = names[0] if name == "last" and names else name
    try:
        return Rows[dict[str, Any]].of([json.loads(kept.read(chosen, "json"))])
    except LookupError:
        fix = f"Newest: {', '.join(names[:10]) or 'none yet'}. Or: last."
        raise UnknownError([Fault("name", f"there is no certificate {name!r}.", fix)]) from None
