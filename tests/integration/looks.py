"""How long ago everybody of a request that writes was looked at, on both sides, when the request left."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

import pandas as pd
import requests
from requests.adapters import HTTPAdapter

from tests.integration.sync import WRITES

SALESFORCE_FEED = re.compile(r"queryAll\?q=SELECT Id, SystemModstamp, \w+ FROM \w+ WHERE SystemModstamp .* LIMIT (\d+)")
SALESMANAGO_FEED = "paginatedModifiedContacts"
NAMES = re.compile(r"[\w.+-]+@[\w.-]+|\w{8}-\w{4}-\w{4}-\w{4}-\w{12}|\b00[Q13]\w{15}\b")


@dataclass
class Watch:
    """Watches requests go by.

    A feed that is read to its end is a look at everybody; a read that names ids or addresses is one at these people.

    Attributes:
        clock: Seconds that only grow.
        people: By each name of a person (address, ids) the ids on both sides; who is not among them is not watched.
        ages: For each request that wrote the age of the oldest look that it rests on, in seconds.
        times: How long each of them took.
    """

    clock: Callable[[], float]
    people: dict[str, tuple[str, ...]] = field(default_factory=dict)
    ages: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    _everybody: dict[str, float] = field(default_factory=dict)
    _by_name: dict[tuple[str, str], float] = field(default_factory=dict)
    _begun: float = 0.0

    def know(self, bindings: pd.DataFrame, cards: Mapping[str, Mapping[str, Any]]) -> None:
        """Learn who is who, from the ledger and the contacts: the ledger has no addresses."""
        for ids in bindings[["salesforce_id", "salesmanago_id"]].itertuples(index=False, name=None):
            self.people.update(dict.fromkeys([*ids, str(cards[ids[1]]["email"])], ids))

    def hear(self, request: requests.PreparedRequest, answer: requests.Response, begun: float) -> None:
        """Take note of a request, of its answer and of when it was sent."""
        url, body = unquote_plus(str(request.url)), _text(request.body)
        system = "salesforce" if "/services/" in url else "salesmanago"
        if WRITES[system].search(f"{request.method} {request.path_url}"):
            self._write(body + url, begun)
        elif SALESMANAGO_FEED in url:
            self._page(answer.json(), body, begun)
        elif limit := SALESFORCE_FEED.search(url):
            if len(answer.json()["records"]) < int(limit[1]):
                self._everybody[system] = begun
        else:
            self._by_name.update({(system, name): begun for name in NAMES.findall(body + url)})

    def _page(self, answer: dict[str, Any], body: str, begun: float) -> None:
        self._begun = begun if '"page": 1,' in body else self._begun
        if not answer["modifiedContacts"] or not answer["hasMore"]:
            self._everybody["salesmanago"] = self._begun

    def _write(self, text: str, begun: float) -> None:
        names = {name for name in NAMES.findall(text) if name in self.people}
        if names:
            self.ages.append(begun - min(self._looked_at(system, name) for name in names for system in WRITES))
            self.times.append(self.clock() - begun)

    def _looked_at(self, system: str, name: str) -> float:
        by_name = [self._by_name[system, each] for each in self.people[name] if (system, each) in self._by_name]
        return max([*by_name, self._everybody.get(system, float("-inf"))])


def _text(body: str | bytes | None) -> str:
    return body.decode() if isinstance(body, bytes) else body or ""


class WatchedAdapter(HTTPAdapter):
    """Carries requests and lets somebody watch.

    Args:
        carrier: What carries them.
        watch: Who watches.
        before: What happens before each of them.
    """

    def __init__(self, carrier: HTTPAdapter, watch: Watch, before: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self._carrier, self._watch, self._before = carrier, watch, before

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Send a request; an adapter of requests."""
        begun = self._watch.clock()
        self._before()
        answer = self._carrier.send(request, *args, **options)
        self._watch.hear(request, answer, begun)
        return answer
