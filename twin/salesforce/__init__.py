"""The Salesforce side of the twin: what a real org answers over REST, Bulk 2.0, SOAP and OAuth."""

from __future__ import annotations

from twin.salesforce.layout import create_tables
from twin.salesforce.org import Org
from twin.salesforce.web import routes

__all__ = ["Org", "create_tables", "routes"]
