# An image for each process that is ours: `make images`, or docker build --target proxy|beacon|gateway .
# BASE has Python 3.11 or newer as python3, with venv; nothing is compiled, so no toolchain is needed.
ARG BASE=python:3.11.14-slim-bookworm

FROM ${BASE} AS installer
RUN python3 -m venv /venv
WORKDIR /build

FROM installer AS proxy-dependencies
COPY requirements-proxy.lock .
RUN /venv/bin/pip install --no-cache-dir --only-binary :all: --require-hashes --no-deps -r requirements-proxy.lock \
 && /venv/bin/pip uninstall --yes pip setuptools

FROM installer AS network-dependencies
COPY requirements-network.lock .
RUN /venv/bin/pip install --no-cache-dir --only-binary :all: --require-hashes --no-deps -r requirements-network.lock \
 && /venv/bin/pip uninstall --yes pip setuptools

FROM ${BASE} AS runtime
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1
WORKDIR /app
# Asked by Docker, not by Kurtosis; each image says where its process answers.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=2 \
  CMD ["python", "-c", "import os, urllib.request as web; web.urlopen(os.environ['HEALTH_URL'], timeout=3)"]

FROM runtime AS network
COPY --from=network-dependencies /venv /venv
COPY e2e /app/e2e
RUN python -m compileall -q /app
USER 10001:10001

FROM network AS beacon
ENV HEALTH_URL=http://127.0.0.1:5999/head
EXPOSE 5052 5053 5999
ENTRYPOINT ["python", "-m", "e2e.beacon"]
CMD ["--config", "/config/beacon.json"]

FROM network AS gateway
ENV HEALTH_URL=http://127.0.0.1:8474/state
EXPOSE 8474
ENTRYPOINT ["python", "-m", "e2e.gateway"]
CMD ["--config", "/config/gateway.toml", "--host", "0.0.0.0", "--control", "0.0.0.0:8474"]

# The last one is what a build without --target makes.
FROM runtime AS proxy
COPY --from=proxy-dependencies /venv /venv
COPY proxy /app/proxy
RUN python -m compileall -q /app
USER 10001:10001
ENV HEALTH_URL=http://127.0.0.1:8080/health
EXPOSE 8080
ENTRYPOINT ["python", "-m", "proxy"]
CMD ["--config", "/config/vixy.toml", "--listen", "0.0.0.0:8080"]
