"""Addresses of people who are gone, kept as keyed hashes: enough to know somebody again, not enough to read who it was.

The key is the ledger's own. One that came from Airflow's Fernet key would change with every rotation of that key, and
everybody who was deleted would be created again. Whoever holds the whole ledger can test a guess, and can list nobody.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from hashlib import sha256

import sqlalchemy as sa

from salesmanago_sync.ledger.tables import identity

MARK = "hmac:"


def address_key(connection: sa.Connection) -> str:
    """Read the key that the ledger was given when its tables were made."""
    return str(connection.execute(sa.select(identity.c.address_key)).scalar_one())


def hashed(key: str, address: str) -> str:
    """Hash an address in its normalised spelling; a hash stays as it is."""
    if address.startswith(MARK):
        return address
    return MARK + hmac.new(key.encode(), address.encode(), sha256).hexdigest()


def spelled(key: str, addresses: Iterable[str]) -> dict[str, str]:
    """Give for the hash of each address the address."""
    return {hashed(key, address): address for address in addresses}
