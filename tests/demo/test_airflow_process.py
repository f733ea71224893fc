"""What a shell needs to look at the demo's Airflow."""

from __future__ import annotations

import json
import stat
import subprocess
from pathlib import Path

from demo.airflow_process import Airflow
from demo.child_process import ProcessGroup


def test_a_shell_gets_the_settings_and_connections_of_the_demo(tmp_path: Path) -> None:
    connections = {"salesforce_default": {"conn_type": "salesforce", "password": "it's $SECRET"}}
    with ProcessGroup() as processes:
        airflow = Airflow(processes, tmp_path, connections, "/ca.pem", tmp_path)
    command = f'. {airflow.settings}; printf "%s\\n" "$AIRFLOW_HOME" "$AIRFLOW_CONN_SALESFORCE_DEFAULT" "$no_proxy"'
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    home, connection, no_proxy = done.stdout.splitlines()
    assert home == str(tmp_path / "airflow")
    assert json.loads(connection) == connections["salesforce_default"]
    assert "127.0.0.1" in no_proxy
    assert stat.S_IMODE(airflow.settings.stat().st_mode) == 0o600
