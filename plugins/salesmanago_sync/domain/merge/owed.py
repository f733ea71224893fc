"""What the sync owes a person beside the merge of fields: an opt-out, a tag or a removal that a policy asks for.

It is remembered with the binding until it is seen to be done, so that neither a crash nor a refused write forgets it.
The rule this module protects: whoever opted out stays opted out, whatever becomes of the records.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from salesmanago_sync.domain.frames import TEXT, among, texts_of
from salesmanago_sync.domain.mapping_files.mapping import Mapping
from salesmanago_sync.domain.merge.base import opted_out_by_default
from salesmanago_sync.domain.merge.canonical import TAG
from salesmanago_sync.domain.people.identities import ObjectInput, is_true
from salesmanago_sync.domain.people.matching import SALESFORCE, TOMBSTONES
from salesmanago_sync.domain.people.succession import LOST, predecessors

DELETE = "delete"
OPT_OUTS = ("optedOut", "optedOutPhone")
# Reason of a person's row -> status of the binding.
ENDS = {"PAUSED": "paused", "OUT_OF_OBJECT": "paused", "DELETED": "deleted", "MERGED": "merged"}
DELETED_HERE, DELETED_THERE = "deleted in Salesforce", "deleted in SALESmanago"
WHY = {"PAUSED": "left the criteria", "MERGED": "merged into another record in Salesforce"}
INHERITED = "opted out before the records became one"
# What the mapping asks for, and no person did.
POLICIES = frozenset({*WHY.values(), DELETED_HERE, DELETED_THERE})

Owed = dict[str, dict[str, str]]


def add_owed(
    bindings: pd.DataFrame, people: pd.DataFrame, objects: Sequence[ObjectInput], contacts: pd.DataFrame
) -> pd.DataFrame:
    """Add what this run owes to what earlier runs still owe.

    Args:
        bindings: The bindings after succession (`succession.succeed`), with `owed` as stored.
        people: The people frame: who left the criteria, who was deleted.
        objects: Every enabled object.
        contacts: The SALESmanago frame.

    Returns:
        The bindings with `owed`, a JSON object: a field key, `tags:<TAG>` or `delete`, and why.
    """
    due = _inherited(bindings, objects, contacts)
    mappings = {item.mapping.object: item.mapping for item in objects}
    for row in _ended(bindings, people).to_dict("records"):
        mapping = mappings.get(row["object"])
        if mapping is not None:
            _owe(due, row["salesforce_id"], *_asked_for(mapping, row["reason"], row["text"]))
    if not due:
        return bindings
    owed = [
        # Why it was owed first stays.
        json.dumps({**due.get(identifier, {}), **json.loads(before)})
        for identifier, before in zip(texts_of(bindings["salesforce_id"]), texts_of(bindings["owed"]), strict=True)
    ]
    return bindings.assign(owed=pd.Series(owed, index=bindings.index, dtype=TEXT))


def _owe(due: Owed, identifier: str, keys: Iterable[str], why: str) -> None:
    mine = due.setdefault(identifier, {})
    for key in keys:
        mine.setdefault(key, why)


def _ended(bindings: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """List bound people who were paused, deleted or merged away since the ledger last heard of them."""
    now = people[people["matched_by"].eq("binding").fillna(False) & people["reason"].isin(ENDS)]
    known = bindings[["salesforce_id", "status", "event"]].rename(columns={"status": "before"})
    ended = now[["object", "salesforce_id", "reason", "text"]].merge(known, on="salesforce_id")
    lost, merged = ended["event"].eq(LOST).fillna(False), ended["reason"].eq("MERGED")
    alike = ended["before"].eq(ended["reason"].map(ENDS)) | ended["before"].isin(TOMBSTONES)
    return ended[lost | (~merged & ~alike)]


def _asked_for(mapping: Mapping, reason: str, where: str) -> tuple[Iterable[str], str]:
    """What the mapping asks for when a person has come to this end, and why."""
    if reason == "PAUSED":
        return _keys(mapping.on_leave, mapping.leave_tag, ("optedOut",)), WHY[reason]
    if reason == "OUT_OF_OBJECT":
        return (), reason
    if reason == "MERGED":
        return _keys(mapping.on_merge, mapping.merge_tag, ()), WHY[reason]
    if where == SALESFORCE:
        return _keys(mapping.on_delete.in_salesmanago, mapping.delete_tag, OPT_OUTS), DELETED_HERE
    policy = mapping.on_delete.in_salesforce if where != "both" else "nothing"
    return _keys(policy, mapping.delete_tag, OPT_OUTS), DELETED_THERE


def _keys(policy: str, tag: str, opt_outs: Iterable[str]) -> Iterable[str]:
    return {"tag": (TAG + tag,), "opt_out": opt_outs, "delete": (DELETE,)}.get(policy, ())


def _inherited(bindings: pd.DataFrame, objects: Sequence[ObjectInput], contacts: pd.DataFrame) -> Owed:
    """Let opt-outs survive a conversion, a merge or a replacement: of all that became one, the strictest wins."""
    due: Owed = {}
    pairs = predecessors(bindings)
    if pairs.empty:
        return due
    records, cards = _opted_out_records(objects), _opted_out_contacts(contacts, bindings)
    held = dict(zip(bindings["salesforce_id"], bindings["salesmanago_id"], strict=True))
    for before, contact, successor in zip(
        pairs["salesforce_id"], pairs["salesmanago_id"], pairs["successor_id"], strict=True
    ):
        mine = records.get(before, set()) | cards.get(contact, set())
        _owe(due, successor, sorted(mine), INHERITED)
        if before in held:
            # The loser's contact is the same human being under another address.
            theirs = records.get(successor, set()) | cards.get(held.get(successor, ""), set())
            _owe(due, before, sorted(mine | theirs), INHERITED)
    return {identifier: keys for identifier, keys in due.items() if keys}


def _opted_out_records(objects: Sequence[ObjectInput]) -> dict[Any, set[str]]:
    found: dict[Any, set[str]] = {}
    for item in objects:
        for line in item.mapping.lines:
            if line.key in OPT_OUTS and line.salesforce[0] in item.records:
                _collect(found, line.key, item.records.loc[is_true(item.records, line.salesforce[0]), "Id"])
    return found


def _opted_out_contacts(contacts: pd.DataFrame, bindings: pd.DataFrame) -> dict[Any, set[str]]:
    """Say which contacts are opted out of what; an account's default for newcomers is nobody's opt-out."""
    # The base of a binding that has just moved to another contact tells of the one before.
    whose = bindings["from_salesmanago_id"].fillna(bindings["salesmanago_id"])
    found: dict[Any, set[str]] = {}
    for key in OPT_OUTS:
        out = contacts.loc[is_true(contacts, key), "contactId"]
        mine = bindings[among(whose, out)]
        told = zip(mine["base"], mine["owed"], strict=True)
        silent = whose[mine.index[[opted_out_by_default(base, owed, key) for base, owed in told]]]
        _collect(found, key, out[~among(out, silent)])
    return found


def _collect(found: dict[Any, set[str]], key: str, ids: Iterable[str]) -> None:
    for identifier in ids:
        found.setdefault(identifier, set()).add(key)
