"""The API versions on offer and the resources of each."""

from __future__ import annotations

from twin.salesforce.call import Call, Reply
from twin.salesforce.errors import ApiError, missing

OLDEST, NEWEST = 31, 68
RETIRED = range(7, 31)
ANCHOR = 66  # Spring '26
SEASONS = ("Spring", "Summer", "Winter")
RESOURCES = ("composite", "jobs", "limits", "metadata", "query", "queryAll", "search", "sobjects", "tooling")


def label(version: int) -> str:
    """Return the release name of a version: 66 is Spring '26, 68 Winter '27."""
    year, season = divmod(version - ANCHOR, len(SEASONS))
    return f"{SEASONS[season]} '{26 + year + (season == 2):02d}"


def versions() -> list[dict[str, str]]:
    """Return every version on offer."""
    return [
        {"label": label(one), "url": f"/services/data/v{one}.0", "version": f"{one}.0"}
        for one in range(OLDEST, NEWEST + 1)
    ]


def check(version: str) -> float:
    """Return a version as a number, or refuse one that is retired or unknown."""
    whole, _, rest = version.removeprefix("v").partition(".")
    if not version.startswith("v") or not whole.isdigit() or rest != "0":
        raise missing()
    if int(whole) in RETIRED:
        raise ApiError("UNSUPPORTED_API_VERSION", f"API version {whole}.0 is retired", status=410)
    if not OLDEST <= int(whole) <= NEWEST:
        raise missing()
    return float(whole)


def resources(call: Call) -> Reply:
    """Answer the map of resources of a version."""
    identity = f"{call.origin}/id/{call.org.state.credentials.salesforce.organization_id}/{call.user}"
    return Reply({name: f"{call.base}/{name}" for name in RESOURCES} | {"identity": identity})
