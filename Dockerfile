# The image of every Airflow component: the slim Airflow image with the pinned requirements, and nothing that only tests
# or the demo need. The target `twin` adds the local Salesforce and SALESmanago; it is no part of production.
FROM apache/airflow:slim-3.3.2-python3.11 AS production

# Named volumes take over who owns the folder they are mounted on.
RUN mkdir -p /opt/airflow/staging /opt/airflow/certificates /opt/airflow/twin-state /opt/airflow/logs

COPY --chown=airflow:0 requirements-image.txt /opt/airflow/
RUN pip install --no-cache-dir --require-hashes --requirement /opt/airflow/requirements-image.txt

COPY --chown=airflow:0 pyproject.toml README.md LICENSE /opt/airflow/
COPY --chown=airflow:0 plugins /opt/airflow/plugins
COPY --chown=airflow:0 dags /opt/airflow/dags
COPY --chown=airflow:0 include /opt/airflow/include
# Editable, so that the entry point registers the connection type and a mounted plugins folder is the one that runs.
RUN pip install --no-cache-dir --no-deps --editable /opt/airflow

FROM production AS twin

# Without hashes: this file is also installed together with the project itself, which has none, and where one requirement
# has a hash, pip asks for those of all. What production runs is above, with hashes; this adds what the local servers need.
COPY --chown=airflow:0 requirements.txt /opt/airflow/
RUN pip install --no-cache-dir --requirement /opt/airflow/requirements.txt
COPY --chown=airflow:0 twin /opt/airflow/twin

# Last, so that a plain `docker build` makes it.
FROM production
