# One image for the four services and the command line; docker-compose.yml says which of them a container runs.
# Tags are pinned to a release line. Whoever builds for production pins digests as well (`FROM python@sha256:…`), from
# their own mirror: a digest written here would be one that nobody of theirs has reviewed.

FROM python:3.13-slim-trixie AS build
WORKDIR /src
# The same three steps as in the Makefile. The tools that build (hatchling, node) stay in this stage.
COPY requirements-uv.lock requirements.lock requirements-run.lock ./
RUN python -m venv /build
RUN /build/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements-uv.lock
RUN /build/bin/uv pip install --no-cache --python /build/bin/python --require-hashes -r requirements.lock
# What runs: its own environment, without the development requirements and without pip.
RUN python -m venv --without-pip /opt/candour
RUN /build/bin/uv pip install --no-cache --compile-bytecode --python /opt/candour/bin/python --require-hashes -r requirements-run.lock
COPY pyproject.toml README.md ./
COPY tools/build_assets.py tools/build_assets.py
COPY cli cli
COPY services services
COPY shared shared
RUN /build/bin/python tools/build_assets.py
RUN /build/bin/uv build --no-cache --python /build/bin/python --no-build-isolation --wheel --out-dir /dist .
RUN /build/bin/uv pip install --no-cache --compile-bytecode --python /opt/candour/bin/python --no-deps --no-index --find-links /dist candour-outcomes

FROM python:3.13-slim-trixie
# pg_dump and pg_restore, for backups: they must not be older than the server.
RUN apt-get update \
 && apt-get install -y --no-install-recommends postgresql-client-17 \
 && rm -rf /var/lib/apt/lists/*
RUN groupadd --gid 10001 candour \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin candour \
 && install -d -o 10001 -g 10001 -m 0700 /data /data/public /journal
COPY --from=build /opt/candour /opt/candour
# The root file system is read-only when this runs, so bytecode was written above. One thread for small products of
# matrices: the last bits of a fit must not hang on the number of cores.
ENV HOME=/data \
    OPENBLAS_NUM_THREADS=1 \
    PATH=/opt/candour/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /data
USER 10001:10001
CMD ["candour", "--help"]
