"""TLS certificates of the twin, made anew whenever it starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import trustme

NAMES = (
    "localhost",
    "127.0.0.1",
    "::1",
    "login.salesforce.com",
    "test.salesforce.com",
    "*.salesforce.com",
    "*.my.salesforce.com",
    "*.sandbox.my.salesforce.com",
)


@dataclass(frozen=True)
class Certificates:
    """Files of one certificate authority and the server certificate that it signed.

    Attributes:
        authority: What clients trust (`REQUESTS_CA_BUNDLE`).
        chain: The server's certificate.
        key: The server's private key.
    """

    authority: Path
    chain: Path
    key: Path


def make_certificates(folder: Path, host: str) -> Certificates:
    """Write a new authority and a certificate for one host and Salesforce's names into a folder."""
    authority = trustme.CA()
    issued = authority.issue_cert(*dict.fromkeys((host, *NAMES)))
    files = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    authority.cert_pem.write_to_path(files.authority)
    issued.private_key_pem.write_to_path(files.key)
    files.chain.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
    files.key.chmod(0o600)
    return files
