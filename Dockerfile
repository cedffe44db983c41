# Two stages: tools that build are not shipped with what runs.
FROM python:3.11.14-slim-bookworm AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1

# Dependencies first: this layer changes only with the lock files.
COPY requirements/run.txt requirements/build.txt requirements/
RUN python -m venv /opt/syncd \
    && /opt/syncd/bin/pip install --require-hashes -r requirements/run.txt \
    && python -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes -r requirements/build.txt

COPY pyproject.toml README.md LICENSE ./
COPY syncd syncd
COPY connectors connectors
COPY config config
# Byte code is compiled here because the running container cannot write it.
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && /opt/syncd/bin/pip install --no-deps --no-index dist/*.whl \
    && /opt/syncd/bin/python -m compileall -q /opt/syncd/lib
# Inside a container the loopback address reaches nobody; what is published is decided by `docker run -p`.
RUN /opt/syncd/bin/syncd init /etc/syncd \
    && sed -i 's/^host = "127\.0\.0\.1"/host = "0.0.0.0"/' /etc/syncd/syncd.toml \
    && grep -q '^host = "0\.0\.0\.0"' /etc/syncd/syncd.toml

FROM python:3.11.14-slim-bookworm
# A number, not a name, lets orchestrators verify that the user is not root.
RUN groupadd --system --gid 10001 syncd \
    && useradd --system --uid 10001 --gid syncd --home-dir /var/lib/syncd --create-home \
        --shell /usr/sbin/nologin syncd
COPY --from=build /opt/syncd /opt/syncd
COPY --from=build /etc/syncd /etc/syncd
ENV PATH=/opt/syncd/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    STATE_DIRECTORY=/var/lib/syncd
USER 10001:10001
WORKDIR /var/lib/syncd
VOLUME /var/lib/syncd
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD ["syncd", "health"]
ENTRYPOINT ["syncd", "run", "--config", "/etc/syncd"]
