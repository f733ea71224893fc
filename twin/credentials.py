"""Credentials that the twin accepts. They open nothing but the twin; the key pair is made when it starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

KEY_BITS = 2048
ORGANIZATION_ID = "00DgK0000000001UAA"
USER_ID = "005gK0000000001QAA"


@dataclass
class SalesforceCredentials:
    """What opens the twin's Salesforce.

    Attributes:
        username: User name for SOAP, password and JWT log-in.
        password: Its password; SOAP log-in wants the security token appended.
        security_token: The security token.
        consumer_key: Client id of the external client app.
        consumer_secret: Its secret.
        access_token: A session that is open from the start.
        user_id: The user of every log-in.
        organization_id: The org.
        sessions: Open sessions, token to user id.
    """

    username: str = "integration@example.com"
    password: str = "twin-password"  # noqa: S105 - opens nothing but the twin
    security_token: str = "twintoken"  # noqa: S105
    consumer_key: str = "3MVGtwinconsumerkey"
    consumer_secret: str = "twin-consumer-secret"  # noqa: S105
    access_token: str = "00DgK0000000001!AQtwinreadytoken"  # noqa: S105
    user_id: str = USER_ID
    organization_id: str = ORGANIZATION_ID
    sessions: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.close_sessions()

    def close_sessions(self) -> None:
        """Close every session but the one that is open from the start."""
        self.sessions.clear()
        self.sessions[self.access_token] = self.user_id

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)

    @cached_property
    def private_key(self) -> str:
        """The PEM private key that signs JWT assertions."""
        pem = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return pem.decode()

    @cached_property
    def public_key(self) -> str:
        """The PEM public key that checks JWT assertions."""
        pem = self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return pem.decode()


@dataclass(frozen=True)
class SalesmanagoCredentials:
    """What opens the twin's SALESmanago, named as in its settings."""

    client_id: str = "abcd1234efgh5678"
    api_secret: str = "secret0secret0secret0"  # noqa: S105
    owner: str = "sync@example.com"
    microsite_key: str = "mskey-0001"
    iframe_name: str = "crm_card"
    account_name: str = "SALESmanago contacts"


@dataclass(frozen=True)
class Credentials:
    """The credentials of both systems."""

    salesforce: SalesforceCredentials = field(default_factory=SalesforceCredentials)
    salesmanago: SalesmanagoCredentials = field(default_factory=SalesmanagoCredentials)
