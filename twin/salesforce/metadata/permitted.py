"""Who may call the Metadata API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.salesforce.access import allows
from twin.salesforce.metadata.problems import MetadataError

if TYPE_CHECKING:
    from twin.salesforce.org import Org

ENOUGH = ("PermissionsModifyAllData", "PermissionsModifyMetadata")


def check_access(org: Org) -> None:
    """Refuse a user without the permission.

    Raises:
        MetadataError: The user has neither of the two that are enough.
    """
    if not any(allows(org, one) for one in ENOUGH):
        message = "use of the Metadata API requires a user with the ModifyAllData or ModifyMetadata permissions"
        raise MetadataError("INSUFFICIENT_ACCESS", message)
