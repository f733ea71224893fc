"""The components that the org holds: one row each, the file as the service would give it back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from twin.salesforce.org import Org

# What a file name may hold as it is; the rest is percent-encoded.
PLAIN = " -_!."


@dataclass(frozen=True)
class Kind:
    """A metadata type: where its files are and what its ids begin with."""

    name: str
    folder: str
    suffix: str
    prefix: str
    with_meta: bool = False
    parent: str | None = None


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("CustomObject", "objects", "object", "01I"),
        Kind("CustomField", "objects", "object", "00N", parent="CustomObject"),
        Kind("ApexClass", "classes", "cls", "01p", with_meta=True),
        Kind("ApexPage", "pages", "page", "066", with_meta=True),
        Kind("CspTrustedSite", "cspTrustedSites", "cspTrustedSite", "08y"),
        Kind("RemoteSiteSetting", "remoteSiteSettings", "remoteSite", "0rp"),
        Kind("Layout", "layouts", "layout", "00h"),
        Kind("PermissionSet", "permissionsets", "permissionset", "0PS"),
        Kind("Profile", "profiles", "profile", "00e"),
    )
}


@dataclass(frozen=True)
class Stored:
    """A component in the org.

    Attributes:
        kind: Its type.
        name: Its full name, special characters percent-encoded as in file names.
        id: Its record id.
        namespace: Prefix of the managed package that brought it.
        content: The file; of a custom field, the `fields` element.
        meta: The `-meta.xml` beside it.
        created: Stamp.
        modified: Stamp.
        modified_by: User id.
    """

    kind: str
    name: str
    id: str
    namespace: str | None
    content: bytes
    meta: bytes | None
    created: str
    modified: str
    modified_by: str

    @property
    def file(self) -> str:
        """The path of its file in a package."""
        kind = KINDS[self.kind]
        stem = self.name.split(".")[0] if kind.parent else self.name
        return f"{kind.folder}/{stem}.{kind.suffix}"


def encoded(name: str) -> str:
    """Return a full name as files and manifests spell it, whichever way it was given."""
    return quote(unquote(name), safe=PLAIN)


class Components:
    """The store."""

    def __init__(self, org: Org) -> None:
        self._org = org

    def find(self, kind: str, name: str) -> Stored | None:
        """Return a component by its full name in any case, or None."""
        row = self._org.db.execute(
            "SELECT * FROM sf_component WHERE kind = ? AND name = ?", (kind, encoded(name))
        ).fetchone()
        return Stored(**dict(row)) if row else None

    def all(self, kind: str) -> Iterator[Stored]:
        """Yield the components of a type by name."""
        rows = self._org.db.execute("SELECT * FROM sf_component WHERE kind = ? ORDER BY name", (kind,))
        for row in rows.fetchall():
            yield Stored(**dict(row))

    def put(self, kind: str, name: str, content: bytes, **more: Any) -> str:
        """Store a component, new or instead of the one of that name, and return its id."""
        known, now = self.find(kind, name), self._org.now()
        row = {
            "kind": kind,
            "name": known.name if known else encoded(name),
            "id": known.id if known else more.get("id") or self._org.next_id(KINDS[kind].prefix),
            "namespace": known.namespace if known else more.get("namespace"),
            "content": content,
            "meta": more.get("meta"),
            "created": known.created if known else now,
            "modified": now,
            "modified_by": more.get("by_user") or self._org.state.credentials.salesforce.user_id,
        }
        columns, marks = ", ".join(row), ", ".join("?" * len(row))
        statement = f"INSERT OR REPLACE INTO sf_component ({columns}) VALUES ({marks})"  # noqa: S608 - own names
        self._org.db.execute(statement, tuple(row.values()))
        return str(row["id"])

    def remove(self, kind: str, name: str) -> None:
        """Forget a component."""
        self._org.db.execute("DELETE FROM sf_component WHERE kind = ? AND name = ?", (kind, encoded(name)))
