"""Closing: which issues have lost their cause, although nothing is tried again that could fail.

Most issues close when what was refused goes through. Those of `reasons.EVIDENCE` are about something that is done
already: an opt-in that was taken back, a value that was kept. That they are not met again says nothing: they close when
the ledger knows both sides to hold something else, or when a person dismisses them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from collections.abc import Mapping as Dictionary

import pandas as pd

from salesmanago_sync.domain.mapping_files.mapping import Mapping
from salesmanago_sync.domain.people.matching import TOMBSTONES
from salesmanago_sync.domain.reasons import EVIDENCE

Base = Sequence[str | None]


def without_cause(
    issues: pd.DataFrame, bindings: pd.DataFrame, mappings: Sequence[Mapping], seen: pd.DataFrame
) -> pd.Series:
    """Tell which open issues have no cause any longer.

    Args:
        issues: Open issues that were not met in this run, of people who were looked at.
        bindings: The ledger's bindings of these people, with what the run has learned.
        mappings: The mappings of the run.
        seen: What was seen of opt-outs of records and contacts in no pair (`staged_frames.SEEN_OPT_OUTS`).

    Returns:
        A flag for each issue.
    """
    known = {row["salesmanago_id"]: row for row in bindings.to_dict("records")}
    lines = {(mapping.object, line.key): line for mapping in mappings for line in mapping.lines}
    still = seen[seen["out"].astype("bool")]
    out = {*zip(still["id"], still["field"], strict=True)}
    flags = []
    for issue in issues.to_dict("records"):
        binding = known.get(issue["salesmanago_id"])
        if issue["reason"] not in EVIDENCE or (binding is not None and binding["status"] in TOMBSTONES):
            # Of somebody who is not synchronised any longer nothing is left to do.
            flags.append(True)
            continue
        if binding is None:
            flags.append(not {(issue[f"{side}_id"], issue["field"]) for side in ("salesforce", "salesmanago")} & out)
            continue
        base = json.loads(str(binding["base"])).get(issue["field"])
        line = lines.get((binding["object"], issue["field"]))
        flags.append(line is None or _GONE[issue["reason"]](base, line.blank))
    return pd.Series(flags, index=issues.index, dtype="bool")


def _opted_in_on_both(base: Base | None, blank: str) -> bool:
    """The person's wish was carried out: nobody holds an opt-out any longer."""
    return base is not None and "true" not in base


def _cleared_or_no_longer_wished(base: Base | None, blank: str) -> bool:
    """SALESmanago holds nothing, Salesforce holds a value again, or the mapping no longer empties the field."""
    return blank != "propagate" or (base is not None and (base[0] is not None or base[1] is None))


_GONE: Dictionary[str, Callable[[Base | None, str], bool]] = {
    "OPT_IN_REVERTED": _opted_in_on_both,
    "NOT_CLEARED": _cleared_or_no_longer_wished,
}
