"""Retrieving: the files of the members of a manifest, as a zip."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from twin.salesforce.metadata import profiles, xml
from twin.salesforce.metadata.components import KINDS, Components, Stored
from twin.salesforce.metadata.package import EVERY, MANIFEST, META
from twin.salesforce.metadata.permitted import check_access
from twin.salesforce.metadata.problems import MetadataError

if TYPE_CHECKING:
    from twin.salesforce.org import Org

Json = dict[str, Any]
Members = Sequence[tuple[str, str]]
FOLDER = "unpackaged"


def retrieve(org: Org, members: Members, version: str, *, single: bool) -> str:
    """Make the zip and return the id of the process, whose result is there at once.

    Raises:
        MetadataError: The user may not.
    """
    check_access(org)
    identifier = org.next_id("09S")
    root = "" if single else f"{FOLDER}/"
    messages: list[Json] = []
    found: dict[tuple[str, str], Stored] = {}
    for kind, name in members:
        stored = list(_members(org, kind, name))
        found |= {(one.kind, one.name): one for one in stored}
        if not stored and name != EVERY:
            problem = f"Entity of type '{kind}' named '{name}' cannot be found"
            messages.append({"fileName": f"{FOLDER}/{MANIFEST}", "problem": problem})
    files = _files(org, list(found.values()), members)
    content = _zip({MANIFEST: _manifest(list(found), members, version)} | files, root)
    result = {
        "done": True,
        "fileProperties": [properties(one, root) for one in found.values()],
        "id": identifier,
        "messages": messages,
        "status": "Succeeded",
        "success": True,
    }
    org.db.execute("INSERT INTO sf_process VALUES (?, ?, ?)", (identifier, json.dumps(result), content))
    return identifier


def find(org: Org, identifier: str, *, with_zip: bool) -> Json:
    """Return the result of a retrieve.

    Raises:
        MetadataError: There is none of that id.
    """
    row = org.db.execute("SELECT result, zip FROM sf_process WHERE id LIKE ? || '%'", (identifier[:15],)).fetchone()
    if row is None or row["zip"] is None:
        raise MetadataError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    result: Json = json.loads(row["result"])
    return result | ({"zipFile": base64.b64encode(row["zip"]).decode()} if with_zip else {})


def properties(stored: Stored, root: str) -> Json:
    """Return what is told of a component's file."""
    return {
        "createdById": stored.modified_by,
        "createdByName": "Integration",
        "createdDate": stored.created,
        "fileName": f"{root}{stored.file}",
        "fullName": stored.name,
        "id": stored.id,
        "lastModifiedById": stored.modified_by,
        "lastModifiedByName": "Integration",
        "lastModifiedDate": stored.modified,
        "manageableState": "installed" if stored.namespace else "unmanaged",
        "namespacePrefix": stored.namespace,
        "type": stored.kind,
    }


def listed(org: Org, kind: str) -> Iterator[Json]:
    """Yield what listMetadata tells of each component of a type.

    Raises:
        MetadataError: There is no such type.
    """
    if kind not in KINDS:
        raise MetadataError("INVALID_TYPE", f"Unknown type:{kind}")
    if kind == "CustomObject":
        yield from (_standard_object(org, name) for name in org.tables())
    if kind == "CustomField":
        yield from (properties(one, "") for one in custom_fields(org))
        return
    for stored in Components(org).all(kind):
        told = properties(stored, "")
        if stored.namespace and kind == "Layout":
            # Known flaw of the service: retrieve wants the prefix a second time, this name lacks it.
            owner, _, name = stored.name.partition("-")
            told["fullName"] = f"{owner}-{name.removeprefix(f'{stored.namespace}__')}"
        if kind != "CustomObject" or stored.name not in org.tables():
            yield told


def custom_fields(org: Org) -> Iterator[Stored]:
    """Yield every custom field, those too that a person made; of these there is no file to give back."""
    for owner in org.tables():
        for field in org.all_fields(owner).values():
            if field.custom and field.name.endswith("__c"):
                name = f"{owner}.{field.name}"
                yield Components(org).find("CustomField", name) or _unfiled(org, "CustomField", name)


def _standard_object(org: Org, name: str) -> Json:
    return properties(_object(org, name), "") | ({} if name.endswith("__c") else {"id": ""})


def _object(org: Org, name: str) -> Stored:
    return Components(org).find("CustomObject", name) or _unfiled(org, "CustomObject", name)


def _unfiled(org: Org, kind: str, name: str) -> Stored:
    stamp, user = org.now(), org.state.credentials.salesforce.user_id
    prefix, parted, _ = name.rpartition(".")[2].removesuffix("__c").partition("__")
    namespace = prefix if parted else None
    return Stored(kind, name, "", namespace, b"", None, stamp, stamp, user)


def _members(org: Org, kind: str, name: str) -> Iterator[Stored]:
    if kind == "CustomObject" and (name in org.tables() or name == EVERY):
        # A star means the org's own objects; standard ones are named one by one.
        names = [one for one in org.tables() if one.endswith("__c")] if name == EVERY else [name]
        yield from (_object(org, one) for one in names)
        return
    if name == EVERY:
        yield from Components(org).all(kind)
        return
    stored = Components(org).find(kind, name)
    if stored:
        yield stored


def _files(org: Org, found: Sequence[Stored], members: Members) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for one in found:
        if one.kind in {"CustomObject", "CustomField"}:
            continue
        content = profiles.retrieved(org, one.name, members) if one.kind == "Profile" else one.content
        files[one.file] = content
        if one.meta is not None:
            files[one.file + META] = one.meta
    for name in {one.name.split(".")[0] for one in found if one.kind in {"CustomObject", "CustomField"}}:
        wanted = {one.name for one in found if one.kind == "CustomField"}
        whole = any(one.kind == "CustomObject" and one.name == name for one in found)
        files[f"objects/{name}.object"] = object_file(org, name, None if whole else wanted)
    return files


def object_file(org: Org, name: str, only: set[str] | None) -> bytes:
    """Return the file of an object with its custom fields, or with some of them and nothing else."""
    stored = Components(org).find("CustomObject", name)
    parts = [
        one.content.decode()
        for one in Components(org).all("CustomField")
        if one.name.split(".")[0] == name and (only is None or one.name in only)
    ]
    if stored is not None and only is None:
        root = xml.read(stored.content, "CustomObject").root
        parts += [xml.fragment(one) for one in xml.children(root)]
    body = "".join(sorted(parts, key=lambda part: part.split(">")[0]))
    return f'{xml.HEADER}<CustomObject xmlns="{xml.NAMESPACE}">\n{body}</CustomObject>\n'.encode()


def _manifest(found: Members, members: Members, version: str) -> bytes:
    kinds = sorted({kind for kind, _ in members})
    blocks = []
    for kind in kinds:
        names = sorted(name for one, name in found if one == kind)
        lines = "".join(f"        <members>{escape(name)}</members>\n" for name in names)
        blocks.append(f"    <types>\n{lines}        <name>{escape(kind)}</name>\n    </types>\n")
    text = f'<Package xmlns="{xml.NAMESPACE}">\n{"".join(blocks)}    <version>{escape(version)}</version>\n</Package>\n'
    return (xml.HEADER + text).encode()


def _zip(files: dict[str, bytes], root: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as opened:
        for path, content in files.items():
            opened.writestr(f"{root}{path}", content)
    return written.getvalue()
