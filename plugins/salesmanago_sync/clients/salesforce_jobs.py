"""Jobs: what Salesforce does by itself is looked at, less and less often, until it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_exponential

from salesmanago_sync.errors import RetriableError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Waiting:
    """How to wait for jobs of a kind.

    Attributes:
        sleep: How to wait between two looks.
        longest: Seconds after which nobody waits any longer.
        pause: Seconds between two looks at most.
        see: Where people see these jobs.
    """

    sleep: Callable[[float], None]
    longest: float
    pause: float
    see: str

    def until(self, is_done: Callable[[T], bool], look: Callable[[], T], what: str) -> T:
        """Look at a job until it is done.

        Args:
            is_done: Tells of a look whether it is.
            look: Looks at it.
            what: Names it.

        Returns:
            The last look.

        Raises:
            RetriableError: It takes too long; it goes on, and can be waited for again.
        """
        policy = Retrying(
            stop=stop_after_delay(self.longest),
            wait=wait_exponential(multiplier=0.5, max=self.pause),
            retry=retry_if_result(lambda found: not is_done(found)),
            sleep=self.sleep,
        )
        try:
            return policy(look)
        except RetryError:
            minutes = self.longest // 60
            raise RetriableError(f"Salesforce {what} was not done in {minutes:.0f} minutes. {self.see}") from None
