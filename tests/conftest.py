"""Fixtures for every test."""

from tests.servers import database_url, empty_url, migrated_template, nats_url, postgis, redis_url, servers

__all__ = ["database_url", "empty_url", "migrated_template", "nats_url", "postgis", "redis_url", "servers"]
