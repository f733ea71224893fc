"""Which pair of accounts a command is about."""

from __future__ import annotations

from argparse import Namespace

from salesmanago_sync.hooks.known_pairs import named_pair
from salesmanago_sync.pair import Pair


def pair_of(args: Namespace) -> Pair:
    """Give the pair that was named, or the first one.

    Raises:
        ConfigurationError: There is no such pair, or its file has faults.
    """
    return named_pair(args.pair)
