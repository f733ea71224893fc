"""Masking: the MicroSite Key is a secret in every answer and log of Airflow, though its name does not sound like one.

Airflow masks extras of connections by words in their names, and lets a person add words by
`AIRFLOW__CORE__SENSITIVE_VAR_CONN_NAMES`. The plugin adds this one, so that nobody has to know.
"""

from __future__ import annotations

import logging
from typing import Any

from airflow.configuration import conf

LOG = logging.getLogger(__name__)
WORD = "microsite_key"


def mask_microsite_key() -> None:
    """Add the word to those that Airflow masks by, in this process."""
    if WORD in conf.get("core", "sensitive_var_conn_names", fallback=""):
        return
    try:
        lists = _lists()
    except (ImportError, AttributeError):
        LOG.warning(
            "This Airflow keeps the words that it masks by in another place: so that the MicroSite Key is masked, set "
            "AIRFLOW__CORE__SENSITIVE_VAR_CONN_NAMES=%s",
            WORD,
        )
        return
    for words in lists:
        if WORD not in words:
            words.append(WORD)


def _lists() -> list[Any]:
    """Give the lists of words; there are two maskers, one for Airflow's own processes and one for tasks.

    Airflow offers no public way to add a word while it runs. These are the only private modules that this package uses.
    """
    from airflow._shared.secrets_masker import _secrets_masker as of_core
    from airflow.sdk._shared.secrets_masker import _secrets_masker as of_tasks

    return [masker.sensitive_variables_fields for masker in (of_core(), of_tasks())]
