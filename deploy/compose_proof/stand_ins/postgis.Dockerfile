FROM debian:bookworm-slim
RUN mkdir -p /etc/postgresql-common/createcluster.d \
    && echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.d/none.conf \
    && apt-get update && apt-get install -y --no-install-recommends postgresql-15-postgis-3 && rm -rf /var/lib/apt/lists/*
ENV PATH=/usr/lib/postgresql/15/bin:$PATH PGDATA=/var/lib/postgresql/data LANG=C.UTF-8
COPY --chmod=755 start_postgres /usr/local/bin/start_postgres
RUN ["install", "-d", "-o", "postgres", "-m", "1777", "/var/run/postgresql"]
VOLUME /var/lib/postgresql/data
ENTRYPOINT ["start_postgres"]
CMD ["postgres"]
