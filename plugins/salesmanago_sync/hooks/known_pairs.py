"""The pairs of accounts that there are, for pages and commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import TypeVar

from airflow.sdk.exceptions import AirflowNotFoundException

from salesmanago_sync.domain.mapping_files.mapping import read_mappings
from salesmanago_sync.errors import ConfigurationError, Fault
from salesmanago_sync.hooks.dag_runs import dag_file
from salesmanago_sync.hooks.mapping_folder import settings_here
from salesmanago_sync.hooks.salesforce import names_of_org
from salesmanago_sync.hooks.salesmanago import SalesmanagoHook
from salesmanago_sync.pair import FIRST, FIRST_NAME, Pair
from salesmanago_sync.pair_files import find_pair, named_folder, pair_names, pairs_folder
from salesmanago_sync.steps.checks import Findings

Found = TypeVar("Found")


def known_names() -> list[str]:
    """Name every pair, the first one first, whether its file can be read or not."""
    return [FIRST_NAME, *pair_names(pairs_folder(_beside()))]


def named_pair(name: str) -> Pair:
    """Give a pair.

    Raises:
        ConfigurationError: There is none of that name, or its file has faults.
    """
    return FIRST if name == FIRST_NAME else find_pair(name, _beside())


@dataclass(frozen=True, slots=True)
class _Ends:
    """Where a pair leads to, as far as its connections and files say; its own checks tell what is wrong with them.

    Attributes:
        name: The pair.
        account: Endpoint and Client Id; nothing where the connection cannot be used.
        org: What the other connection says of which org it is.
        objects: The objects that it synchronises.
    """

    name: str
    account: tuple[str, str] | None
    org: frozenset[str]
    objects: frozenset[str]


def check_pairs(findings: Findings) -> None:
    """Read the file of every pair, and whether two of them have one account, or the same objects of one org.

    Args:
        findings: Takes what is wrong in them.
    """
    names = known_names()
    pairs = [findings.gather(partial(named_pair, name)) for name in names]
    for one, other in combinations([_ends(pair) for pair in pairs if pair is not None], 2):
        if one.account is not None and one.account == other.account:
            what = f"is the SALESmanago account of the pair {one.name}, too: they would write over each other."
            findings.faults.append(Fault(f"pair {other.name}", what, "Give each pair an account of its own."))
        elif one.org & other.org and (shared := ", ".join(sorted(one.objects & other.objects))):
            what = (
                f"has the Salesforce org of the pair {one.name}, and both synchronise {shared}: through whoever is in "
                "both, values and opt-outs of one SALESmanago account reach the other."
            )
            fix = "Write criteria that leave nobody in both, or give each pair objects of its own."
            findings.warnings.append(Fault(f"pair {other.name}", what, fix))
    findings.say(", ".join(names))


def _ends(pair: Pair) -> _Ends:
    return _Ends(
        pair.name,
        account=_unless_wrong(lambda: _account(pair), None),
        org=_unless_wrong(lambda: names_of_org(pair.salesforce), frozenset()),
        objects=_unless_wrong(lambda: _objects(pair), frozenset()),
    )


def _account(pair: Pair) -> tuple[str, str]:
    settings = SalesmanagoHook(pair.salesmanago).settings
    return settings.endpoint, settings.client_id


def _objects(pair: Pair) -> frozenset[str]:
    whole = read_mappings(settings_here(pair).mappings).whole
    return frozenset(mapping.object for mapping in whole if mapping.enabled is not False)


def _unless_wrong(read: Callable[[], Found], otherwise: Found) -> Found:
    try:
        return read()
    except (AirflowNotFoundException, ConfigurationError):
        return otherwise


def _beside() -> Path | None:
    """Say where the DAG files are, as far as it matters."""
    found = None if named_folder() is not None else dag_file(FIRST.full_sync)
    return None if found is None else Path(found).parent
