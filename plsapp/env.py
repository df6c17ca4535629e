"""The environment, read once and checked: a bad value stops the start and is named.

Every setting an operator can change is a field of `Env`. `docs/deploy.md` lists them; a test holds the two equal.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from django.core.exceptions import ImproperlyConfigured

from scoring import usage_settings

BASE_DIR = Path(__file__).resolve().parent.parent

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]


class Env(msgspec.Struct, frozen=True, kw_only=True):
    """What the environment says, with the default of every value."""

    DATABASE_URL: str = ""
    """A PostgreSQL 15+ server, `postgresql://user:password@host:port/name`. Empty: the embedded server."""
    CELERY_BROKER_URL: str = ""
    """`redis://…` or `amqp://…`. Empty: the queue lives in the same PostgreSQL (pgmq)."""
    PLSAPP_HOME: str = ""
    """Where the embedded mode writes. Empty: `var/` beside manage.py."""
    SECRET_KEY: str = ""
    """Signs sessions and tokens, 32 characters or more. Empty: made once and kept in PLSAPP_HOME."""
    DEBUG: bool = False
    HTTPS: bool = True
    """Secure cookies, HSTS and the redirect to https. `up` and `demo` turn it off, since they serve loopback only."""
    ALLOWED_HOSTS: str = "localhost,127.0.0.1,[::1]"
    """Comma-separated host names this app answers to."""
    CSRF_TRUSTED_ORIGINS: str = ""
    """Comma-separated origins, with their scheme."""
    EMAIL_URL: str = ""
    """`smtp://user:password@host:port` or `smtps://…`. Empty: mails are printed to the log."""
    DEFAULT_FROM_EMAIL: str = "plsapp@localhost"
    PUBLIC_URL: str = ""
    """Where members reach this app, with its scheme: links in mails begin with it. Empty: the first of ALLOWED_HOSTS."""
    TRUSTED_PROXIES: Annotated[int, msgspec.Meta(ge=0, le=10)] | Literal["auto"] = "auto"
    """Proxies in front of this app, each of which adds to X-Forwarded-For. 0: it is not read. auto: `accounts.addresses`."""
    LANDING_LIMIT: AtLeastOne = 50_000
    """Requests that may wait for the loader; above it the intake answers 429."""
    DEDUP_WINDOW_DAYS: Annotated[int, msgspec.Meta(ge=7)] = 30
    """For how long a repeated messageId is recognised. Seven days at least: SDKs retry for that long."""
    USAGE_RETENTION_DAYS: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Whole months of usage that ended so long ago are dropped. 0: none is."""
    MIRROR_URL: str = ""
    """Where the columnar mirror of usage lies. Empty: under PLSAPP_HOME."""
    USAGE_URL: str = ""
    """The customer's own engine that holds usage, as an Ibis connection URL. Empty: usage is in PostgreSQL."""
    USAGE_TABLE: str = ""
    """Its table there, with catalog and schema if need be, or the address of Parquet files."""
    USAGE_COLUMNS: str = ""
    """`user_id=…,event=…,timestamp=…`, and `workspace`, `anonymous_id`, `count` where there are such columns."""
    USAGE_EVERY_MINUTES: AtLeastOne = 60
    """How often everything is scored from USAGE_URL."""
    SCORE_SHARDS: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    """Parts of a full scoring run, each a task of its own."""
    LOG_LEVEL: str = "INFO"
    WEB_WORKERS: AtLeastOne = 1
    WEB_THREADS: AtLeastOne = 8
    """Requests that one web process works on at once."""


def read(environ: Mapping[str, str] | None = None) -> Env:
    """The checked environment.

    Raises `ImproperlyConfigured` with the name of the first bad value and what is wrong with it.
    """
    raw = os.environ if environ is None else environ
    known = {name: raw[name] for name in Env.__struct_fields__ if raw.get(name, "") != ""}
    try:
        env = msgspec.convert(known, Env, strict=False)
    except msgspec.ValidationError as error:
        message = str(error)
        name = message.rpartition("`$.")[2].rstrip("`") or "environment"
        raise ImproperlyConfigured(f"{name}={known.get(name)!r}: {message.partition(' - at')[0]}") from None
    _check_url(env, "DATABASE_URL", ("postgresql", "postgres"))
    _check_url(env, "CELERY_BROKER_URL", ("redis", "rediss", "amqp", "amqps", "pgmq"))
    _check_url(env, "EMAIL_URL", ("smtp", "smtps"))
    _check_url(env, "PUBLIC_URL", ("http", "https"))
    try:
        usage_settings.check(url=env.USAGE_URL, table=env.USAGE_TABLE, columns_text=env.USAGE_COLUMNS)
    except ValueError as error:
        raise ImproperlyConfigured(str(error)) from None
    if env.SECRET_KEY and len(env.SECRET_KEY) < 32:
        raise ImproperlyConfigured("SECRET_KEY: at least 32 characters are needed")
    if env.LOG_LEVEL not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ImproperlyConfigured(f"LOG_LEVEL={env.LOG_LEVEL!r}: one of DEBUG, INFO, WARNING, ERROR")
    for origin in csv(env.CSRF_TRUSTED_ORIGINS):
        if "://" not in origin:
            raise ImproperlyConfigured(f"CSRF_TRUSTED_ORIGINS={origin!r}: write the scheme too, as in https://{origin}")
    return env


def csv(value: str) -> list[str]:
    """`"a, b"` → `["a", "b"]`."""
    return [part.strip() for part in value.split(",") if part.strip()]


def _check_url(env: Env, name: str, schemes: tuple[str, ...]) -> None:
    value = getattr(env, name)
    if not value:
        return
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - reading it is what checks it
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}") from None
    if parts.scheme not in schemes:
        raise ImproperlyConfigured(
            f"{name}: starts with {parts.scheme!r}, but must start with one of {', '.join(schemes)}"
        )
