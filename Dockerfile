# The environment of `make env` with the project beside it: a run needs nothing else. It is linted
# (hadolint) and tested for holding all that a run reads, but where the project is checked there is no
# Docker: nobody has built it yet (docs/containers.md).
#
#   docker build --tag spikedrift .
#   docker run --rm --user "$(id -u):$(id -g)" --volume "$PWD:/work" spikedrift --cores 2
FROM python:3.12-slim-bookworm

# The compiler is for networks, which are compiled when they run.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ make \
    && rm -rf /var/lib/apt/lists/*

# The environment first: it is made again where a lock changes, and not where a figure does.
WORKDIR /opt/spikedrift
COPY LICENSE Makefile README.md pyproject.toml ./
COPY envs envs
COPY src src
RUN make env && rm -rf /root/.cache .env-stamps
COPY Snakefile ./
COPY config config
COPY profiles profiles
COPY resources resources
COPY workflow workflow

# Whoever runs it has no home here, and Snakemake and numba keep caches.
ENV XDG_CACHE_HOME=/tmp/spikedrift-cache NUMBA_CACHE_DIR=/tmp/spikedrift-cache/numba
WORKDIR /work
ENTRYPOINT ["/opt/spikedrift/.venv/bin/snakemake", "--snakefile", "/opt/spikedrift/Snakefile"]
CMD ["--help"]
