"""Salesforce as the sync sees it: reads in pages, writes with one outcome a record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote

from simple_salesforce.api import Salesforce as Connection

from salesmanago_sync.clients.batches import in_batches
from salesmanago_sync.clients.clock import server_date
from salesmanago_sync.clients.http import Gate, Replay, RetryPolicy
from salesmanago_sync.clients.listing import Listing
from salesmanago_sync.clients.outcome import Outcome
from salesmanago_sync.clients.salesforce_bulk import QueryJobs
from salesmanago_sync.clients.salesforce_collections import Collections
from salesmanago_sync.clients.salesforce_errors import QueryLocatorError
from salesmanago_sync.clients.salesforce_metadata import Metadata
from salesmanago_sync.clients.salesforce_wire import SalesforceWire
from salesmanago_sync.clients.shapes import Row, an_object, described, identified, rows_of
from salesmanago_sync.clients.soql import Select, both, instant, room, within
from salesmanago_sync.domain.frames import is_id, may_be_record
from salesmanago_sync.errors import AuthenticationError, FatalError, RetriableError

RETRIEVE_AT_ONCE = 2_000
ORGANIZATION = (
    "Id, Name, OrganizationType, IsSandbox, InstanceName, NamespacePrefix, TrialExpirationDate, "
    "LanguageLocaleKey, DefaultLocaleSidKey, TimeZoneSidKey"
)
PERMISSIONS = (
    "PermissionsApiEnabled, PermissionsViewAllData, PermissionsModifyAllData, PermissionsModifyMetadata, "
    "PermissionsCustomizeApplication, PermissionsAuthorApex, PermissionsAssignPermissionSets"
)


class Salesforce:
    """A client of one org.

    Args:
        connect: Logs in and gives a connection; called at the first request and again when the session ran out.
        policy: How requests are repeated.

    Attributes:
        metadata: The org's Metadata API.
        jobs: Queries of its Bulk API.
    """

    def __init__(self, connect: Callable[[], Connection], policy: RetryPolicy | None = None) -> None:
        policy = policy or RetryPolicy()
        self._wire = SalesforceWire(connect, policy)
        self._collections = Collections(self._wire, policy)
        self.metadata = Metadata(self._wire, policy.sleep)
        self.jobs = QueryJobs(self._wire, policy.sleep)

    @property
    def calls(self) -> int:
        """Requests sent so far."""
        return self._wire.calls

    @property
    def gate(self) -> Gate:
        """What every request that writes passes just before it leaves."""
        return self._wire.gate

    @property
    def usage(self) -> tuple[int, int] | None:
        """API calls used and allowed in 24 hours, as Salesforce last said."""
        return self._wire.usage

    def keep_reserve(self, most: Callable[[int], int]) -> None:
        """Send nothing more once so many of the org's daily calls are used.

        Args:
            most: Gives how many of the allowed calls may be used.
        """
        self._wire.most = most

    @property
    def address(self) -> str | None:
        """Where people see the org's records, once it has been asked."""
        return self._wire.address

    def log_in(self) -> None:
        """Log in, unless that was done: from then on the org's address is known."""
        self._wire.log_in()

    def server_time(self) -> datetime:
        """Read the clock of Salesforce, in UTC; a log-in tells it, too."""
        return self._wire.log_in() or server_date(self._wire.request("GET", "").headers, "Salesforce")

    def organization(self) -> Row:
        """Read the org's own record."""
        return self._first("Organization", ORGANIZATION)

    def permissions(self) -> Row:
        """Read what the integration user may do."""
        return self._first("UserPermissionAccess", PERMISSIONS)

    def limits(self) -> Row:
        """Read the org's limits."""
        return an_object(self._wire.request("GET", "limits").body, "Salesforce GET limits")

    def user_id(self) -> str:
        """Read the id of the integration user."""
        path = "/services/oauth2/userinfo"
        found = an_object(self._wire.request("GET", path).body, f"Salesforce GET {path}").get("user_id")
        if not is_id(found):
            raise RetriableError(f"Salesforce GET {path}: the answer names no user.")
        return str(found)

    def describe(self, sobject: str) -> Row:
        """Read the description of an object, as this user sees it."""
        path = f"sobjects/{quote(sobject, safe='')}/describe"
        return described(self._wire.request("GET", path).body, f"Salesforce GET {path}")

    def count(self, sobject: str, where: str = "") -> int:
        """Count the records that meet a condition."""
        condition = f" WHERE {where}" if where else ""
        query = f"SELECT COUNT() FROM {sobject}{condition}"  # noqa: S608 - criteria escape their own literals
        count = self._query("query", query).get("totalSize")
        if not isinstance(count, int):
            raise RetriableError("Salesforce query: the answer has no count.")
        return count

    def changed(
        self, sobject: str, fields: Sequence[str], since: datetime, until: datetime, where: str = ""
    ) -> Listing:
        """Read what changed in a window, deleted records too.

        Args:
            sobject: Object to read.
            fields: Fields to select.
            since: First instant of the window, to the second.
            until: First instant after the window, to the second.
            where: A further condition in SOQL.

        Returns:
            Pages in the order of change.
        """
        window = f"SystemModstamp >= {instant(since)} AND SystemModstamp < {instant(until)}"
        order = ("SystemModstamp", "Id")
        return self._listing("queryAll", Select(sobject, tuple(fields), both(window, where), order))

    @property
    def heard_at(self) -> datetime | None:
        """The clock of Salesforce in its last answer, in UTC."""
        return self._wire.heard_at

    def moved(self, sobject: str, since: datetime, email: str, most: int) -> list[Row]:
        """Read which records moved since a time, deleted ones too, in one call.

        Args:
            sobject: Object to read.
            since: First instant, to the second.
            email: The field that holds the address.
            most: How many to read at most; where as many come, there may be more.

        Returns:
            `Id`, `SystemModstamp` and the address of each.
        """
        select = Select(sobject, ("Id", "SystemModstamp", email), f"SystemModstamp >= {instant(since)}")
        first, rows = self._query("queryAll", f"{select.unordered()} LIMIT {most}"), list[Row]()
        for some in self._cursor("queryAll", select, first):
            rows += some
            if len(rows) >= most:
                break
        return rows

    def newest(self, sobject: str, most: int, where: str = "") -> list[str]:
        """Read the ids of the records that meet a condition and moved last, in one call.

        Args:
            sobject: Object to read.
            most: How many to read at most.
            where: A condition in SOQL.
        """
        query = f"{Select(sobject, ('Id',), where).unordered()} ORDER BY SystemModstamp DESC LIMIT {most}"
        rows = rows_of(self._query("query", query).get("records"), "Salesforce query")
        return [str(row["Id"]) for row in rows if is_id(row.get("Id"))]

    def stamps(self, sobject: str, ids: Iterable[str]) -> list[Row]:
        """Read when records moved last, deleted ones too: `Id` and `SystemModstamp`."""
        queries = within(sobject, ["Id", "SystemModstamp"], "Id", ids)
        return [row for query in queries for page in self._pages("queryAll", query) for row in page]

    def matching(self, sobject: str, fields: Sequence[str], where: str = "") -> Listing:
        """Read every record that meets a condition, in pages."""
        return self._listing("query", Select(sobject, tuple(fields), where))

    def find(
        self, sobject: str, field: str, values: Iterable[str], fields: Sequence[str], where: str = ""
    ) -> list[Row]:
        """Read the records that hold one of many values in a field, each of them once."""

        def read(some: list[str]) -> list[Row]:
            queries = within(sobject, fields, field, some, where)
            return _once(row for query in queries for page in self._pages("query", query) for row in page)

        if field not in fields:
            return read(list(dict.fromkeys(values)))
        # A record found by a value that it does not tell in a readable form holds that value all the same.
        return identified(list(dict.fromkeys(values)), read, field, lambda row: _text(row, field))

    def retrieve(self, sobject: str, ids: Iterable[str], fields: Sequence[str]) -> list[Row]:
        """Read records by id; deleted ones come with `IsDeleted` true, unknown ones do not come.

        Args:
            sobject: Object to read.
            ids: Record ids.
            fields: Fields to select; parents such as `Account.Name` are allowed.

        Returns:
            The records that exist, in any order.
        """
        # What is no id has no record, and would have the others refused.
        wanted = [name for name in dict.fromkeys(ids) if may_be_record(name)]
        fields = list(dict.fromkeys([*fields, "IsDeleted"]))
        # The resource that takes 2,000 ids at once knows neither parents nor the recycle bin.
        rows = [] if any("." in field for field in fields) else self._living(sobject, wanted, fields)
        known = {_short(row) for row in rows}
        missing = [name for name in wanted if name[:15] not in known]
        return [*rows, *identified(missing, partial(self._ever, sobject, fields), "Id", _short)]

    def _ever(self, sobject: str, fields: Sequence[str], ids: list[str]) -> list[Row]:
        """Read records by id, those in the recycle bin too."""
        queries = within(sobject, fields, "Id", ids)
        return [row for query in queries for page in self._pages("queryAll", query) for row in page]

    def create(self, sobject: str, records: Sequence[Mapping[str, Any]]) -> list[Outcome]:
        """Create records; rows whose answer was lost are reported as `NO_ANSWER`."""
        return self._collections.create(sobject, records)

    def update(self, sobject: str, records: Sequence[Mapping[str, Any]]) -> list[Outcome]:
        """Change records by their `Id`; null empties a field, a missing key leaves it."""
        return self._collections.update(sobject, records)

    def upsert(self, sobject: str, external_id_field: str, records: Sequence[Mapping[str, Any]]) -> list[Outcome]:
        """Create or change records by an external id, whose value is in each record."""
        return self._collections.upsert(sobject, external_id_field, records)

    def setting(self, name: str, owner: str, fields: Sequence[str]) -> Row | None:
        """Read the row of a hierarchy custom setting; none where nobody has made it yet.

        Args:
            name: API name of the setting.
            owner: Id of the org, the profile or the user whose row it is.
            fields: Its fields.
        """
        rows = self.find(name, "SetupOwnerId", [owner], ["Id", *fields])
        return rows[0] if rows else None

    def set_setting(self, name: str, owner: str, row: str | None, values: Mapping[str, Any]) -> None:
        """Write the row of a hierarchy custom setting.

        Args:
            name: API name of the setting.
            owner: Id of the org, the profile or the user whose row it is.
            row: Id of the row, when there is one.
            values: Its fields.

        Raises:
            FatalError: Salesforce refuses it. Its words are not told: they could hold the values.
        """
        method, path = ("POST", f"sobjects/{name}") if row is None else ("PATCH", f"sobjects/{name}/{row}")
        body = {**values, **({"SetupOwnerId": owner} if row is None else {})}
        try:
            # One owner has one row: a second create of it is refused.
            self._wire.request(method, path, replay=Replay.REPEATABLE, body=body)
        except (AuthenticationError, FatalError) as error:
            kind = "may not write" if isinstance(error, AuthenticationError) else "could not write"
            raise FatalError(
                f"Salesforce: the user of the connection {kind} the custom setting {name}. "
                "Give it the permission Customize Application, then run the set-up again."
            ) from None

    def assign_permission_set(self, name: str) -> bool:
        """Give the user of the connection a permission set.

        Returns:
            Whether he did not have it yet.
        """
        user = self.user_id()
        rows = self.find("PermissionSet", "Name", [name], ["Id"])
        if not rows:
            raise FatalError(f"Salesforce shows no permission set {name}.")
        where = f"PermissionSetId = '{rows[0]['Id']}'"
        if self.find("PermissionSetAssignment", "AssigneeId", [user], ["Id"], where):
            return False
        body = {"AssigneeId": user, "PermissionSetId": rows[0]["Id"]}
        # A second assignment of the same is refused.
        self._wire.request("POST", "sobjects/PermissionSetAssignment", replay=Replay.REPEATABLE, body=body)
        return True

    def delete(self, ids: Sequence[str]) -> list[Outcome]:
        """Put records of any object into the recycle bin."""
        return self._collections.delete(ids)

    def _living(self, sobject: str, ids: list[str], fields: Sequence[str]) -> list[Row]:
        columns = list(dict.fromkeys(["Id", *fields]))
        rows: list[Row] = []
        path = f"composite/sobjects/{sobject}"

        def read(some: list[str]) -> list[Row]:
            answer = self._wire.request("POST", path, body={"ids": some, "fields": columns}).body
            given = answer if isinstance(answer, list) else answer or None
            there = [row for row in given if row is not None] if isinstance(given, list) else given
            return [_bare(row) for row in rows_of(there, f"Salesforce POST {path}")]

        for some in in_batches(ids, RETRIEVE_AT_ONCE):
            rows += identified(some, read, "Id", _short)
        return rows

    def _first(self, sobject: str, fields: str) -> Row:
        query = f"SELECT {fields} FROM {sobject}"  # noqa: S608 - constants of this module
        records = rows_of(self._query("query", query).get("records"), "Salesforce query")
        if not records:
            raise AuthenticationError(f"Salesforce shows no {sobject}. Check the integration user's permissions.")
        return _bare(records[0])

    def _query(self, resource: str, query: str) -> Row:
        room(query)
        return an_object(self._wire.request("GET", resource, params={"q": query}).body, f"Salesforce GET {resource}")

    def _listing(self, resource: str, select: Select) -> Listing:
        first = self._query(resource, select.text())
        total = first.get("totalSize")
        return Listing(
            resource, select, total if isinstance(total, int) else None, self._pages(resource, select, first)
        )

    def _pages(self, resource: str, select: Select, first: Row | None = None) -> Iterator[list[Row]]:
        last: Row | None = None
        resumed: Row | None = None
        while True:
            try:
                for rows in self._cursor(resource, select if last is None else select.after(last), first):
                    last = rows[-1]
                    yield rows
                return
            except QueryLocatorError:
                if last == resumed or not _can_go_on(last, select):
                    raise RetriableError(f"Salesforce {resource}: the cursor is lost again and again.") from None
                resumed, first = last, None

    def _cursor(self, resource: str, select: Select, first: Row | None) -> Iterator[list[Row]]:
        """Turn the pages of one query, of which the first may have come before.

        Raises:
            RetriableError: They end before all rows came, or lead nowhere.
        """
        where = f"Salesforce GET {resource}"
        page = self._query(resource, select.text()) if first is None else first
        came, turned = 0, set[str]()
        whole = page.get("totalSize")
        while True:
            records = rows_of(page.get("records"), where)
            came += len(records)
            if records:  # a page may hold any number of rows, none too
                yield [_bare(row) for row in records]
            done, following = page.get("done") is True, page.get("nextRecordsUrl")
            if done and (not isinstance(whole, int) or came >= whole):
                return
            # A page without a way on is half an answer; one that leads back would be read for ever.
            if done or not isinstance(following, str) or not following.startswith("/") or following in turned:
                told = whole if isinstance(whole, int) else "more"
                raise RetriableError(f"Salesforce {resource} {select.sobject}: {came} rows came of {told}.")
            turned.add(following)
            page = an_object(self._wire.request("GET", following).body, where)


def _text(row: Mapping[str, Any], field: str) -> str | None:
    value = row.get(field)
    return value if isinstance(value, str) else None


def _short(row: Mapping[str, Any]) -> str | None:
    """The first 15 characters of a record's id, which all spellings share."""
    return row["Id"][:15] if is_id(row.get("Id")) else None


def _once(rows: Iterable[Row]) -> list[Row]:
    """Leave out rows whose id came before; those that tell no id all stay."""
    seen: set[str | None] = set()
    found = []
    for row in rows:
        name = _short(row)
        if name is None or name not in seen:
            found.append(row)
        seen.add(name)
    return found


def _can_go_on(row: Row | None, select: Select) -> bool:
    """Whether a read can go on after a row: all by which rows are ordered can be read."""
    return row is None or all(isinstance(row.get(field), str) for field in select.order)


def _bare(row: Mapping[str, Any]) -> Row:
    """Take the bookkeeping out of a record and its parents."""
    found = {**row}
    found.pop("attributes", None)
    for name, value in found.items():
        if type(value) is dict and "attributes" in value:
            found[name] = _bare(value)
    return found
