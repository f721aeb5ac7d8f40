FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends python3.11 python3.11-venv && rm -rf /var/lib/apt/lists/*
RUN ["ln", "-s", "/usr/bin/python3.11", "/usr/local/bin/python"]
