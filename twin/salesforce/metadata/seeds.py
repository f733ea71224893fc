"""What a new org brings: its profiles, its page layouts and who is shown which."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from twin.salesforce import ids
from twin.salesforce.metadata import profiles
from twin.salesforce.metadata.components import Components

if TYPE_CHECKING:
    from twin.salesforce.org import Org

FOLDER = Path(__file__).with_name("seeds")
# Full name in packages, name in records, id.
PROFILES = (("Admin", "System Administrator", ids.PROFILE), ("Standard", "Standard User", ids.STANDARD_PROFILE))


def plant(org: Org) -> None:
    """Put profiles and layouts into a new org."""
    for name, label, identifier in PROFILES:
        org.insert("Profile", {"Id": identifier, "Name": label, "UserType": "Standard"})
        Components(org).put("Profile", name, profiles.EMPTY, id=identifier)
    for file in sorted(FOLDER.glob("*.layout")):
        Components(org).put("Layout", file.stem, file.read_bytes())
        for name, _, _ in PROFILES:
            profiles.assign(org, name, file.stem)
