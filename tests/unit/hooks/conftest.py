from __future__ import annotations

import os
import tempfile

# Airflow writes its settings into its home when it is imported; a test's must not be the developer's.
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-home-"))
