"""What a history happens on: both services and the sync in one process, a ledger that can be lost, and a transport in
which something happens before any single request."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal, Protocol

import requests
import sqlalchemy as sa
from requests.adapters import HTTPAdapter

from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.request import Request, Run
from tests.histories.look import Moment, disputed_in, moment
from tests.histories.setups import Setup
from tests.histories.staged import WatchedStaging
from tests.integration.direct import DAGS, Direct, Mode
from tests.integration.sync import WRITES, Killed
from tests.twin_in_process import TwinInProcess
from tests.watched_ledger import watched

# Also the name of a task, whose mapped tasks are counted by themselves; `sent` are the requests that write.
Kind = Literal["request", "sent", "ledger", "file", "task"] | str
SYSTEMS = ("salesforce", "salesmanago")
# So many seconds a service lets a request wait.
WAIT = 30


@dataclass(frozen=True, slots=True)
class Death:
    """Where a worker dies: at which request, call of the ledger, staged file or task of its run, before it or after.

    Tasks are counted over all, and those of one name by themselves.

    A staged file may also be written halfway.
    """

    kind: Kind
    number: int
    after: bool | Literal["half"]


@dataclass(slots=True)
class Moments:
    """What happens to one run at its requests, calls of the ledger, staged files and tasks, each counted from one.

    Attributes:
        before: Actions before a call, by its kind and number.
        death: Where the worker dies.
    """

    before: dict[tuple[str, int], list[Callable[[], None]]] = field(default_factory=dict)
    death: Death | None = None
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def idle(self) -> bool:
        """Whether nothing was called yet: no run is at work."""
        return not self.counts

    def passes(self, kind: Kind, call: Callable[[], Any], halfway: Callable[[], Any] = lambda: None) -> Any:
        """Make a call, or die before it, after it or halfway."""
        self.counts[kind] += 1
        for action in self.before.pop((kind, self.counts[kind]), []):
            action()
        dying = self.death
        if dying is None or dying.kind != kind or dying.number != self.counts[kind]:
            return call()
        self.death = None
        if dying.after == "half":
            halfway()
        elif dying.after:
            call()
        raise Killed


class WatchedAdapter(HTTPAdapter):
    """Carries requests, each of which takes its time, and notes those that write."""

    def __init__(self, carrier: HTTPAdapter, bench: Bench) -> None:
        super().__init__()
        self._carrier, self._bench = carrier, bench

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        bench = self._bench
        issued = bench.clock()
        bench.later(bench.pace)
        path = str(request.path_url).partition("?")[0]
        system = "salesforce" if path.startswith("/services/") else "salesmanago"
        call = partial(self._carrier.send, request, *args, **options)
        if WRITES[system].search(f"{request.method} {path}"):
            call = partial(bench.moments.passes, "sent", partial(self._written, system, issued, call))
        answer: requests.Response = bench.moments.passes("request", call)
        return answer

    def _written(self, system: str, issued: float, send: Callable[[], requests.Response]) -> requests.Response:
        """Note when a request was decided upon that may have changed something: not one that has to wait."""
        at = (issued, self._bench.clock())
        self._bench.writes_at[system].append(at)
        answer = send()
        if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            self._bench.writes_at[system].remove(at)
        return answer

    def close(self) -> None:
        self._carrier.close()


class Store(Protocol):
    """Where the ledger of a history is."""

    def begin(self) -> str:
        """Make an empty ledger with tables and return its address."""

    def keep(self) -> None:
        """Make a copy, as a backup does."""

    def put_back(self) -> None:
        """Replace the ledger by the copy, or by an empty one where there is none."""


class SqliteStore:
    """A file, and a copy beside it."""

    def __init__(self, folder: Path) -> None:
        self._empty, self._file, self._copy = (folder / f"{name}.db" for name in ("empty", "ledger", "copy"))
        if not self._empty.exists():
            Ledger.open(f"sqlite:///{self._empty}").close()

    def begin(self) -> str:
        self._copy.unlink(missing_ok=True)
        self._replace(self._empty)
        return f"sqlite:///{self._file}"

    def keep(self) -> None:
        shutil.copy(self._file, self._copy)

    def put_back(self) -> None:
        self._replace(self._copy if self._copy.exists() else self._empty)

    def _replace(self, source: Path) -> None:
        for name in ("", "-wal", "-shm"):
            Path(f"{self._file}{name}").unlink(missing_ok=True)
        shutil.copy(source, self._file)


class PostgresStore:
    """Databases on one server, copied by the server itself."""

    def __init__(self, server: str) -> None:
        self._url = sa.make_url(server)
        admin = self._url.set(drivername="postgresql+psycopg2")
        self._engine = sa.create_engine(admin, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        self._kept = False
        self._make("history_empty", None)
        Ledger.open(self._address("history_empty")).close()

    def begin(self) -> str:
        self._kept = False
        self._make("history_ledger", "history_empty")
        return self._address("history_ledger")

    def keep(self) -> None:
        self._kept = True
        self._make("history_copy", "history_ledger")

    def put_back(self) -> None:
        self._make("history_ledger", "history_copy" if self._kept else "history_empty")

    def _address(self, name: str) -> str:
        return self._url.set(database=name, drivername="postgresql").render_as_string(hide_password=False)

    def _make(self, name: str, template: str | None) -> None:
        with self._engine.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            like = f" TEMPLATE {template}" if template else ""
            connection.execute(sa.text(f"CREATE DATABASE {name}{like}"))


class Bench(Direct):
    """Both services and the sync in one process.

    Attributes:
        objects: The mapped objects.
        pace: Seconds that each request takes.
        moments: What happens to the run at work.
        writes_at: When a request that could change something was decided upon, and when it arrived, by system.
    """

    def __init__(self, twin: TwinInProcess, folder: Path, store: Store, setup: Setup) -> None:
        super().__init__(twin, folder, mappings=setup.write_mappings(folder / "mappings"))
        self.ledger.close()
        # Few people, so that they are in several parts all the same; the consent lane works however well ordinary runs
        # keep up.
        few = {"people_per_part": 2, "contacts_per_task": 2}
        # Whoever looks after the sync knows the account, and answers beforehand what a run would ask.
        whose = "default" if setup.new_opted_out else "person"
        mine = {**few, "consent_after_seconds": 0, "bulk_above": setup.bulk_above, "untouched_opt_outs": whose}
        self.settings = self.settings.model_copy(update=mine)
        self._store, self.pace, self.objects = store, setup.pace, setup.objects
        # Only as a service asks for it: what is waited besides is drawn by chance.
        self.sleep = lambda seconds: self.later(WAIT if seconds >= WAIT else 0)
        self._staged = folder / "staging"
        shutil.rmtree(self._staged, ignore_errors=True)
        self.is_over: Callable[[str, str], bool] = lambda dag_id, dag_run_id: False
        self.ledger = Ledger.open(self._store.begin())
        self.moments = Moments()
        self.writes_at: dict[str, list[tuple[float, float]]] = {name: [] for name in SYSTEMS}
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, WatchedAdapter(twin.adapter(), self))

    def look(self) -> Moment:
        """Look at everything there is."""
        bindings = self.ledger.bindings.read().to_dict("records")
        last = self.ledger.runs.read_newest(1)["id"].max()
        return moment(self, bindings, disputed_in(self.ledger.issues.read_open(), last))

    def clock(self) -> float:
        """Seconds, for what happened after what."""
        return self.now().timestamp()

    def staging_of(self, run: Run) -> WatchedStaging:
        """Give a task of a run its folder."""
        folder = self._staged / f"{run.dag_id}_{run.dag_run_id}"
        return WatchedStaging(folder, lambda write, halfway: self.moments.passes("file", write, halfway), run.attempt)

    def ports_of(self, run: Run) -> Ports:
        """Open what a task talks to."""
        return Ports(
            run=run,
            open_salesforce=self._salesforce,
            open_salesmanago=self._salesmanago,
            ledger=watched(self.ledger, lambda call: self.moments.passes("ledger", call)),
            staging=self.staging_of(run),
            variables=self.variables,
            settings=self.settings,
            spreads=False,
            now=self.now,
            is_over=self.is_over,
            at_once=self.at_once,
        )

    def new_lane(self) -> Run:
        """Name a scheduled run of the consent lane."""
        self._runs += 1
        lane = "salesmanago_consent"
        return Run(dag_id=lane, dag_run_id=str(self._runs), mode="incremental", scheduled=True, request=Request())

    def new_run(self, mode: Mode | Literal["undo"], **request: Any) -> Run:
        """Name a run that somebody starts by hand."""
        self._runs += 1
        asked = Request(**request)
        return Run(dag_id=DAGS[mode], dag_run_id=str(self._runs), mode=mode, scheduled=False, request=asked)

    def keep_ledger(self) -> None:
        """Back the ledger up."""
        self.ledger.close()
        self._store.keep()

    def put_ledger_back(self) -> None:
        """Restore the ledger from its backup; without one it is lost."""
        self.ledger.close()
        self._store.put_back()


__all__ = ["Bench", "Death", "Killed", "Mode", "Moments", "PostgresStore", "SqliteStore", "Store"]
