"""A Metadata package: files and their names, made into the zip that Salesforce deploys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from string import Template
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from salesmanago_sync.domain.setup.card import (
    CARD_PERMISSIONS,
    CONTROLLER,
    CONTROLLER_TEST,
    SETTINGS,
    SYNC_PERMISSIONS,
    TRUSTED_SITE,
    card_fields,
    page_of,
    template,
)

# The zip of the same files is the same bytes, whenever it is made.
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Package:
    """What one deployment brings.

    Attributes:
        members: Names by metadata type.
        files: Contents by path in the zip.
        removed: Names by metadata type that the deployment deletes after the rest is in place.
    """

    members: Mapping[str, tuple[str, ...]]
    files: Mapping[str, bytes]
    removed: Mapping[str, tuple[str, ...]]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to deploy."""
        return not self.files and not self.removed

    @property
    def tests(self) -> tuple[str, ...]:
        """The Apex tests that a deployment must run; production refuses classes without."""
        return (CONTROLLER_TEST,) if CONTROLLER_TEST in self.members.get("ApexClass", ()) else ()

    def joined(self, other: Package) -> Package:
        """Put two packages into one deployment."""
        return Package(
            _joined(self.members, other.members),
            {**self.files, **other.files},
            _joined(self.removed, other.removed),
        )

    def to_zip(self, version: str) -> bytes:
        """Write the zip.

        Args:
            version: API version, as `66.0`.
        """
        content = {"package.xml": manifest(self.members, version), **self.files}
        if self.removed:
            content["destructiveChangesPost.xml"] = manifest(self.removed, version)
        buffer = BytesIO()
        with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
            for path in sorted(content):
                archive.writestr(ZipInfo(path, _EPOCH), content[path], ZIP_DEFLATED)
        return buffer.getvalue()


NOTHING = Package({}, {}, {})


def _joined(ours: Mapping[str, tuple[str, ...]], theirs: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {
        name: (*ours.get(name, ()), *theirs.get(name, ()))
        for name in (*ours, *(one for one in theirs if one not in ours))
    }


def manifest(members: Mapping[str, Iterable[str]], version: str) -> bytes:
    """Write `package.xml`, or the list of what is deleted.

    Args:
        members: Names by metadata type; in an order in which what is used comes after what uses it, if it is a list
            of deletions.
        version: API version, as `66.0`.
    """
    types = "".join(_types(kind, members[kind]) for kind in members)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Package xmlns="http://soap.sforce.com/2006/04/metadata">\n'
        f"{types}    <version>{version}</version>\n</Package>\n"
    ).encode()


def _types(kind: str, names: Iterable[str]) -> str:
    lines = "".join(f"        <members>{escape(name)}</members>\n" for name in names)
    return f"    <types>\n{lines}        <name>{kind}</name>\n    </types>\n"


def card_package(sobjects: Iterable[str], endpoint: str) -> Package:
    """Build what the card needs: fields, page, controller, setting, permissions, trusted site.

    Args:
        sobjects: Salesforce objects that get the card.
        endpoint: Scheme and host of SALESmanago, which pages may show in a frame.
    """
    names = tuple(sobjects)
    custom_fields = [f"{name}.{field.name}" for name in names for field in card_fields()]
    return Package(
        members={
            "ApexClass": (CONTROLLER, CONTROLLER_TEST),
            "ApexPage": tuple(page_of(name) for name in names),
            "CspTrustedSite": (TRUSTED_SITE,),
            "CustomField": tuple(custom_fields),
            "CustomObject": (SETTINGS,),
            "PermissionSet": (CARD_PERMISSIONS, SYNC_PERMISSIONS),
        },
        files={path: text.encode() for path, text in _files(names, endpoint).items()},
        removed={},
    )


def _files(names: tuple[str, ...], endpoint: str) -> dict[str, str]:
    classes = {
        f"classes/{name}.cls{suffix}": _filled(f"classes/{name}.cls{suffix}", object=names[0])
        for name in (CONTROLLER, CONTROLLER_TEST)
        for suffix in ("", "-meta.xml")
    }
    pages = {
        f"pages/{page_of(name)}.page{suffix}": _filled(f"pages/card.page{suffix}", object=name)
        for name in names
        for suffix in ("", "-meta.xml")
    }
    objects = {f"objects/{name}.object": _filled("objects/person.object", object=name) for name in names}
    return {
        **classes,
        **pages,
        **objects,
        f"objects/{SETTINGS}.object": _filled(f"objects/{SETTINGS}.object"),
        f"cspTrustedSites/{TRUSTED_SITE}.cspTrustedSite": _filled(
            f"cspTrustedSites/{TRUSTED_SITE}.cspTrustedSite", endpoint=escape(endpoint)
        ),
        f"permissionsets/{SYNC_PERMISSIONS}.permissionset": _permissions(
            names, "SALESmanago sync", "For the integration user: reads and writes the fields of the card.", edit=True
        ),
        f"permissionsets/{CARD_PERMISSIONS}.permissionset": _permissions(
            names, "SALESmanago card", "For everybody who looks at people: sees the card and its fields.", edit=False
        ),
    }


def _filled(path: str, **values: str) -> str:
    return Template(template(path)).substitute(values)


def _permissions(names: tuple[str, ...], label: str, description: str, *, edit: bool) -> str:
    fields = "".join(
        f"    <fieldPermissions>\n        <editable>{'true' if edit and not field.formula else 'false'}</editable>\n"
        f"        <field>{name}.{field.name}</field>\n        <readable>true</readable>\n    </fieldPermissions>\n"
        for name in names
        for field in card_fields()
    )
    pages = "".join(
        f"    <pageAccesses>\n        <apexPage>{page_of(name)}</apexPage>\n        <enabled>true</enabled>\n"
        "    </pageAccesses>\n"
        for name in names
    )
    return _filled(
        "permissionsets/permissions.permissionset",
        description=description, fields=fields, label=label, pages=pages,
    )  # fmt: skip
