"""Custom objects: custom settings are made; of other objects the file may bring fields alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from twin.salesforce.metadata import xml
from twin.salesforce.metadata.components import Components
from twin.salesforce.metadata.package import Component
from twin.salesforce.metadata.problems import RefusedError

if TYPE_CHECKING:
    from twin.salesforce.org import Org

NAME = re.compile(r"[A-Za-z](?:\w*[A-Za-z0-9])?__c")


def apply(org: Org, component: Component) -> None:
    """Create the custom setting, or take note of an object that is there.

    Raises:
        RefusedError: It is neither, or the definition of the setting breaks a rule.
    """
    source = component.source()
    kind = xml.text_of(source.root, "customSettingsType")
    if component.name not in org.tables():
        label = xml.text_of(source.root, "label")
        if not NAME.fullmatch(component.name):
            raise RefusedError(source.problem("fullName must end with: __c", source.root))
        if not label:
            raise RefusedError(source.problem("Must specify a non-empty label for the CustomObject", source.root))
        if not kind:
            # The twin keeps records of the objects it knows; of custom objects it makes custom settings alone.
            raise RefusedError(source.problem("The twin makes custom settings alone, no custom objects", source.root))
        org.add_setting(component.name, label, kind)
    if kind or Components(org).find("CustomObject", component.name):
        for field in xml.under(source.root, "fields"):
            source.root.remove(field)
        Components(org).put("CustomObject", component.name, xml.write(source.root))
