# The service, with its embedded PostgreSQL for trials; see docs/reglages.md, « In a container ».
# Any glibc image with Python 3.11 or later, its venv module, and tzdata will do as a base.
ARG BASE=python:3.13-slim

FROM ${BASE} AS construction
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /source
COPY requirements-run.lock ./
RUN python3 -m venv /opt/traces-postes \
 && /opt/traces-postes/bin/python -m pip install --quiet --no-deps --require-hashes -r requirements-run.lock
# What builds the wheel, out of the lock of the developers' tools.
COPY requirements.lock ./
RUN awk '/^[^ ]/ { garde = /^(hatchling|packaging|pathspec|pluggy|trove-classifiers)==/ } garde' requirements.lock >outils.lock \
 && python3 -m venv /opt/outils \
 && /opt/outils/bin/python -m pip install --quiet --no-deps --require-hashes -r outils.lock
COPY pyproject.toml README.md ./
COPY app app
COPY migrations migrations
RUN /opt/outils/bin/hatchling build -t wheel -d /roue \
 && /opt/traces-postes/bin/python -m pip install --quiet --no-deps --no-index /roue/*.whl \
 && /opt/traces-postes/bin/python -m pip uninstall --quiet --yes pip setuptools \
 && /opt/traces-postes/bin/python -m compileall -q /opt/traces-postes/lib

FROM ${BASE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="traces-postes" \
      org.opencontainers.image.description="Receives the traces postes of a présérie of the ordonnance numérique and shows its bilan." \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# Nothing in it gains rights or installs anything: no setuid bits, no pip.
RUN echo 'service:x:10001:10001::/donnees:/usr/sbin/nologin' >>/etc/passwd \
 && echo 'service:x:10001:' >>/etc/group \
 && install -d -o 10001 -g 10001 -m 700 /donnees \
 && find / -xdev -type f -perm /6000 -exec chmod ug-s {} + \
 && rm -rf /usr/local/bin/pip* /usr/local/lib/python3*/site-packages/pip* /usr/share/python-wheels
COPY --from=construction /opt/traces-postes /opt/traces-postes
ENV PATH=/opt/traces-postes/bin:$PATH \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    TRACES_POSTES_DATA_DIR=/donnees
USER 10001:10001
WORKDIR /donnees
# A base that lacks something fails here, not at its first start.
RUN ["python", "-c", "import app.cli, opentelemetry.sdk, opentelemetry.exporter.otlp.proto.http.trace_exporter"]
VOLUME /donnees
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/sante/vivant', timeout=2)"]
ENTRYPOINT ["traces-postes"]
CMD ["serve", "--host", "0.0.0.0"]
