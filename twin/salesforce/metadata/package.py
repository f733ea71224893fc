"""A package: the zip that is deployed, its manifest, and the components inside."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from twin.salesforce.metadata import xml
from twin.salesforce.metadata.components import KINDS, Kind, encoded
from twin.salesforce.metadata.problems import Problem, RefusedError

MANIFEST = "package.xml"
# What is deleted before and after the rest; the plain name counts as before.
BEFORE, AFTER = ("destructiveChanges.xml", "destructiveChangesPre.xml"), ("destructiveChangesPost.xml",)
EVERY = "*"
META = "-meta.xml"
MOST_FILES = 10_000


@dataclass(frozen=True)
class Component:
    """One component of a package, ready to be applied.

    Attributes:
        kind: Its type.
        name: Its full name.
        file: Its file.
        content: The bytes of the file.
        meta: The bytes of the `-meta.xml` beside it.
        also: Names of elements that this org knows besides the table.
        node: Of a custom field, its element in the file.
    """

    kind: Kind
    name: str
    file: str
    content: bytes
    meta: bytes | None = None
    also: frozenset[str] = frozenset()
    node: Any = None

    def source(self) -> xml.Source:
        """Return the parsed file."""
        return xml.read(self.content, self.kind.parent or self.kind.name, self.also)


@dataclass(frozen=True)
class Failure:
    """A line of the result about a component that was not even tried."""

    problem: Problem
    name: str
    file: str = MANIFEST
    kind: str = ""


@dataclass(frozen=True)
class Package:
    """What the zip holds.

    Attributes:
        files: Path below the package's root -> bytes.
        members: Type and full name of what the manifest lists, in its order.
        unknown: What the manifest lists and no package can hold.
        also: Names of elements that this org knows besides the table.
    """

    files: Mapping[str, bytes]
    members: list[tuple[str, str]]
    unknown: list[Failure] = field(default_factory=list)
    also: frozenset[str] = frozenset()


def open_package(content: bytes, *, single: bool, also: frozenset[str] = frozenset()) -> Package:
    """Read a zip; `single` says that the manifest is at its root, else it is in the only folder.

    Raises:
        RefusedError: There is no manifest, or it is no manifest.
    """
    files = _unzip(content)
    if not single:
        roots = {path.split("/")[0] for path in files if path.endswith(f"/{MANIFEST}") and path.count("/") == 1}
        root = min(roots, default="")
        files = {path.removeprefix(f"{root}/"): data for path, data in files.items() if path.startswith(f"{root}/")}
    if MANIFEST not in files:
        raise RefusedError(Problem("No package.xml found"))
    members, unknown = manifest(files[MANIFEST])
    return Package(files, members, unknown, also)


def deleted(package: Package, files: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return file, type and full name of what a package deletes.

    Raises:
        RefusedError: A list of deletions is no manifest.
    """
    listed = [(file, *member) for file in files if file in package.files for member in manifest(package.files[file])[0]]
    # What uses others goes before them.
    return sorted(listed, key=lambda one: list(KINDS).index(one[1]), reverse=True)


def _unzip(content: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as opened:
            names = [one.filename for one in opened.infolist() if not one.is_dir()]
            if len(names) > MOST_FILES:
                raise RefusedError(Problem(f"LIMIT_EXCEEDED: more than {MOST_FILES} files"))
            return {name: opened.read(name) for name in names}
    except (zipfile.BadZipFile, EOFError):
        # The service reads zips as a stream: what is no zip has no entries.
        return {}


def manifest(content: bytes) -> tuple[list[tuple[str, str]], list[Failure]]:
    """Return the members that a manifest lists, and what it lists in vain."""
    root = xml.read(content, "Package").root
    members: list[tuple[str, str]] = []
    unknown: list[Failure] = []
    for listed in xml.under(root, "types"):
        kind = xml.text_of(listed, "name")
        if kind not in KINDS:
            text = f"Unknown type name '{kind}' specified in package.xml"
            unknown.append(Failure(Problem(text), MANIFEST))
            continue
        members += [(kind, (one.text or "").strip()) for one in xml.under(listed, "members")]
    return members, unknown


def components(package: Package) -> Iterator[Component | Failure]:
    """Yield what the manifest lists, and what is wrong about it."""
    yield from package.unknown
    used: set[str] = set()
    for kind, name in package.members:
        for one in _named(package, KINDS[kind], name):
            if isinstance(one, Component):
                used |= {one.file, one.file + META}
            yield one
    yield from _unlisted(package, used)


def _named(package: Package, kind: Kind, name: str) -> Iterator[Component | Failure]:
    if name == EVERY:
        names = [_stem(path, kind) for path in package.files if _is_of(path, kind)]
        for one in [] if kind.parent else names:
            yield from _named(package, kind, one)
        return
    file = _file(package, kind, name)
    nodes = _fields(package, file, name) if file and kind.parent else []
    if file is None or (kind.parent and not nodes):
        text = f"An object '{name}' of type {kind.name} was named in package.xml, but was not found in zipped directory"
        yield Failure(Problem(text), name)
        return
    meta = package.files.get(file + META)
    if kind.with_meta and meta is None:
        yield Failure(Problem(f"{file}{META} was not found in zipped directory"), name, file, kind.name)
        return
    node = nodes[0] if nodes else None
    yield Component(kind, name, file, package.files[file], meta, package.also, node)
    if kind.name == "CustomObject":
        yield from _all_fields(package, file, name)


def _stem(path: str, kind: Kind) -> str:
    return path.removeprefix(f"{kind.folder}/").removesuffix(f".{kind.suffix}")


def _is_of(path: str, kind: Kind) -> bool:
    return path.startswith(f"{kind.folder}/") and path.endswith(f".{kind.suffix}")


def _file(package: Package, kind: Kind, name: str) -> str | None:
    wanted = encoded(name.split(".")[0] if kind.parent else name).lower()
    return next(
        (one for one in package.files if _is_of(one, kind) and encoded(_stem(one, kind)).lower() == wanted), None
    )


def _fields(package: Package, file: str, name: str) -> list[Any]:
    try:
        root = xml.read(package.files[file], "CustomObject", package.also).root
    except RefusedError:
        # The file tells what is wrong with it when it is applied.
        return [None]
    wanted = name.partition(".")[2].lower()
    return [one for one in xml.under(root, "fields") if xml.text_of(one, "fullName").lower() == wanted]


def _all_fields(package: Package, file: str, name: str) -> Iterator[Component]:
    try:
        root = xml.read(package.files[file], "CustomObject", package.also).root
    except RefusedError:
        return
    for one in xml.under(root, "fields"):
        full = f"{name}.{xml.text_of(one, 'fullName')}"
        if ("CustomField", full) not in package.members:
            yield Component(KINDS["CustomField"], full, file, package.files[file], None, package.also, one)


def _unlisted(package: Package, used: set[str]) -> Iterator[Failure]:
    """Yield the files, and the fields of used files, that the manifest does not list."""
    for path in package.files:
        if path in {MANIFEST, *BEFORE, *AFTER} or path in used:
            continue
        kind = next((one for one in KINDS.values() if _is_of(path, one)), None)
        name = _stem(path, kind) if kind else path
        yield Failure(Problem("Not in package.xml"), name, path, kind.name if kind else "")
    for path in sorted(used):
        yield from _unlisted_fields(package, path)


def _unlisted_fields(package: Package, path: str) -> Iterator[Failure]:
    if not _is_of(path, KINDS["CustomField"]):
        return
    owner = _stem(path, KINDS["CustomField"])
    listed = {name.lower() for kind, name in package.members if kind in {"CustomObject", "CustomField"}}
    if owner.lower() in listed or ("CustomObject", EVERY) in package.members:
        return
    try:
        root = xml.read(package.files[path], "CustomObject", package.also).root
    except RefusedError:
        return
    for one in xml.under(root, "fields"):
        full = f"{owner}.{xml.text_of(one, 'fullName')}"
        if full.lower() not in listed:
            yield Failure(Problem("Not in package.xml"), full, path, "CustomField")
