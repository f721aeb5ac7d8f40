# Two targets. `runtime`: all services but the reporter, the jobs, and the command `crimemaps`.
# `reporter`: the same and Pango, which lays out the text of reports.
#
#   docker build --target runtime  -t crimemapsuk/runtime:local  .
#   docker build --target reporter -t crimemapsuk/reporter:local .
#
# Every package is a wheel whose hash is in requirements/; the project itself is a wheel that the first stage builds.
ARG PYTHON=python:3.11-slim-bookworm

FROM ${PYTHON} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ONLY_BINARY=:all: PIP_REQUIRE_HASHES=1
RUN ["python", "-m", "venv", "/opt/build"]
RUN ["python", "-m", "venv", "--without-pip", "/opt/crimemaps"]
WORKDIR /src
COPY requirements/build.txt requirements/runtime.txt requirements/
RUN ["/opt/build/bin/pip", "install", "-r", "requirements/build.txt"]
RUN ["/opt/build/bin/pip", "--python", "/opt/crimemaps", "install", "-r", "requirements/runtime.txt"]
COPY pyproject.toml README.md LICENSE ./
COPY shared shared
COPY deploy deploy
COPY services services
RUN ["/opt/build/bin/hatchling", "build", "--target", "wheel", "--directory", "/src/dist"]
RUN PIP_REQUIRE_HASHES=0 /opt/build/bin/pip --python /opt/crimemaps install --no-index --no-deps dist/*.whl

FROM ${PYTHON} AS runtime
LABEL org.opencontainers.image.title="CrimeMapsUK" org.opencontainers.image.licenses="MIT"
COPY --from=build /opt/crimemaps /opt/crimemaps
ENV PATH=/opt/crimemaps/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HTTP_HOST=0.0.0.0
# Numbers, so that Kubernetes can see that it is not root. What is written goes to /tmp.
USER 10001:10001
WORKDIR /tmp
CMD ["crimemaps", "--help"]

FROM runtime AS reporter
USER 0:0
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
    && rm -rf /var/lib/apt/lists/*
USER 10001:10001
CMD ["python", "-m", "services.reporter"]
