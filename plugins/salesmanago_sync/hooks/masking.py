"""Masking: the MicroSite Key is a secret in every answer and log of Airflow, though its name does not sound like one.

Airflow masks extras of connections by words in their names, and lets a person add words by
`AIRFLOW__CORE__SENSITIVE_VAR_CONN_NAMES`. The plugin adds this one, so that nobody has to know.
"""

from __future__ import annotations

WORD = "microsite_key"


def mask_microsite_key() -> None:
    """Add the word to those that Airflow masks by, in this process."""
    # Airflow offers no public way; there are two maskers, one for its own processes and one for tasks.
    from airflow._shared.secrets_masker import _secrets_masker as of_core
    from airflow.sdk._shared.secrets_masker import _secrets_masker as of_tasks

    for masker in (of_core(), of_tasks()):
        if WORD not in masker.sensitive_variables_fields:
            masker.sensitive_variables_fields.append(WORD)
