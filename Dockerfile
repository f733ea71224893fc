# The image of every Airflow component and of the twin: the slim Airflow image with the pinned requirements.
FROM apache/airflow:slim-3.3.2-python3.11

# Named volumes take over who owns the folder they are mounted on.
RUN mkdir -p /opt/airflow/staging /opt/airflow/twin-state /opt/airflow/logs

COPY --chown=airflow:0 requirements.txt /opt/airflow/
RUN pip install --no-cache-dir --requirement /opt/airflow/requirements.txt

COPY --chown=airflow:0 pyproject.toml README.md LICENSE /opt/airflow/
COPY --chown=airflow:0 plugins /opt/airflow/plugins
COPY --chown=airflow:0 dags /opt/airflow/dags
COPY --chown=airflow:0 include /opt/airflow/include
COPY --chown=airflow:0 twin /opt/airflow/twin
# Editable, so that the entry point registers the connection type and a mounted plugins folder is the one that runs.
RUN pip install --no-cache-dir --no-deps --editable /opt/airflow
