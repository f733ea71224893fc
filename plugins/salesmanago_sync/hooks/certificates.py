"""Certificates: the files of every audit, kept below one path, in a folder or a bucket."""

from __future__ import annotations

import json
import re
from typing import Any

from airflow.sdk import ObjectStoragePath

from salesmanago_sync.domain.certificate.certificate import as_html
from salesmanago_sync.hooks.whole_file import store_whole_at, usable

# The day, and the number of the run; a name that a browser sends is held against it.
NAME = re.compile(r"certificate-\d{4}-\d{2}-\d{2}-run-\d{1,12}")


class Certificates:
    """The folder of certificates.

    Args:
        root: A folder or bucket.
    """

    def __init__(self, root: str) -> None:
        self._root = ObjectStoragePath(root)

    def keep(self, certificate: dict[str, Any]) -> str:
        """Store a certificate as a JSON file and as one HTML page.

        Args:
            certificate: What `domain.certificate.certificate.as_json` laid out.

        Returns:
            The name of both, without its ending.

        Raises:
            FatalError: The place cannot be written.
        """
        name = f"certificate-{certificate['at'][:10]}-run-{certificate['run']}"
        self._store(f"{name}.json", json.dumps(certificate, indent=1).encode())
        self._store(f"{name}.html", as_html(certificate).encode())
        return name

    def names(self) -> list[str]:
        """Name the certificates that are there, the newest run first."""
        if not self._root.exists():
            return []
        found = [path.stem for path in self._root.iterdir() if path.suffix == ".json" and NAME.fullmatch(path.stem)]
        return sorted(found, key=lambda name: int(name.rpartition("-")[2]), reverse=True)

    def read(self, name: str, ending: str) -> bytes:
        """Read a file of a certificate.

        Args:
            name: Of the certificate.
            ending: `json` or `html`.

        Raises:
            LookupError: There is none of that name.
        """
        if NAME.fullmatch(name) is None or ending not in ("json", "html"):
            raise LookupError(f"there is no certificate {name}.{ending}")
        try:
            return bytes((self._root / f"{name}.{ending}").read_bytes())
        except FileNotFoundError:
            raise LookupError(f"there is no certificate {name}.{ending}") from None

    def _store(self, file: str, content: bytes) -> None:
        then = "Mend that, or name another place in SALESMANAGO_SYNC_CERTIFICATES, then clear the task certify."
        with usable("The certificate", f"kept in {self._root}", then):
            store_whole_at(self._root / file, content)
