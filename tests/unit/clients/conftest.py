from __future__ import annotations

from collections.abc import Callable

import pytest

from salesmanago_sync.clients.http import RetryPolicy
from salesmanago_sync.clients.pace import Pace
from salesmanago_sync.clients.salesforce import Salesforce
from salesmanago_sync.clients.salesmanago import Salesmanago
from salesmanago_sync.clients.salesmanago_wire import Credentials
from tests.unit.clients.service import Answer, Call, Service

Answers = Callable[[Call], Answer] | list[Answer]


@pytest.fixture
def waits() -> list[float]:
    """Seconds that a client would have waited."""
    return []


@pytest.fixture
def policy(waits: list[float]) -> RetryPolicy:
    return RetryPolicy(sleep=waits.append)


@pytest.fixture
def salesforce(policy: RetryPolicy) -> Callable[[Answers], tuple[Salesforce, Service]]:
    def make(answers: Answers) -> tuple[Salesforce, Service]:
        service = Service(answers)
        return Salesforce(service.connection, policy), service

    return make


@pytest.fixture
def salesmanago(policy: RetryPolicy) -> Callable[[Answers], tuple[Salesmanago, Service]]:
    def make(answers: Answers) -> tuple[Salesmanago, Service]:
        service = Service(answers)
        credentials = Credentials(
            "https://app2.salesmanago.com", "abcd1234efgh5678", "secret0secret0secret0", "owner@example.com"
        )
        pace = Pace(1000, sleep=lambda seconds: None)
        return Salesmanago(credentials, service.session(), policy, pace), service

    return make
