"""One embedded PostgreSQL for the whole run (also under xdist), or the server of DATABASE_URL."""

import atexit
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import hypothesis
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from accounts.models import Member, Role
from tests import prepared

pytest_plugins = ["tests.requirements_hook"]
if os.environ.get("PLSAPP_REQUIRE_ALL") == "1":
    # The whole run finds the same each time, and on any machine; who works on something draws anew.
    hypothesis.settings.register_profile("whole", derandomize=True, deadline=None)
    hypothesis.settings.load_profile("whole")

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"

if not os.environ.get("DATABASE_URL"):
    # The controller of xdist comes here first and hands the URL on to its workers, which inherit the environment.
    _home = Path(tempfile.mkdtemp(prefix="plsapp-tests-"))
    _home.chmod(0o755)  # as root, the server runs as another user, who must get in
    _making = prepared.begin(_home)

    def _clean_up(home: Path, owner: int) -> None:
        """Not by a process that was forked from this one."""
        if os.getpid() == owner:
            _making.join()
            prepared.end(home)

    atexit.register(_clean_up, _home, os.getpid())
    _place = urlsplit(os.environ["DATABASE_URL"])
    settings.DATABASES["default"].update({"HOST": parse_qs(_place.query)["host"][0], "USER": _place.username})
elif "PYTEST_XDIST_WORKER" not in os.environ and "PLSAPP_HOME" not in os.environ:
    os.environ["PLSAPP_HOME"] = tempfile.mkdtemp(prefix="plsapp-tests-")
settings.HOME = Path(os.environ["PLSAPP_HOME"])
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = settings.SECURE_SSL_REDIRECT = False


def pytest_xdist_auto_num_workers() -> int:
    """Two more than processors: tests of processes wait half of their time."""
    affinity = getattr(os, "sched_getaffinity", None)
    return (len(affinity(0)) if affinity else os.cpu_count() or 1) + 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest come first, so that none is left alone with the end: those that wait and those that work in turn.

    Of tests with one id, xdist runs the last and says nothing: they are refused.
    """
    doubled = [name for name, number in Counter(item.nodeid for item in items).items() if number > 1]
    if doubled:
        raise pytest.UsageError(f"Several tests have this id: {doubled[0]}")
    by_file: dict[Path, list[pytest.Item]] = {}
    for item in items:
        by_file.setdefault(item.path, []).append(item)
    waiting, working, quick = [], [], []
    for path, tests in by_file.items():
        marks = {mark.name for item in tests for mark in item.iter_markers()}
        waits, works = marks & {"process", "java"}, "browser" in marks or "contract" in path.parts
        (waiting if waits else working if works else quick).append(tests)
    # Both want the demo: the second is to find it made, and not to wait for the first.
    waiting.sort(key=lambda tests: (tests[0].path.stem == "test_backup") - (tests[0].path.stem == "test_commands"))
    files = [file for pair in zip_longest(waiting, working, fillvalue=[]) for file in pair]
    items[:] = chain.from_iterable([*files, *quick])


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """The databases of the tests begin as copies of a migrated one."""
    if prepared.FOLDER in os.environ:
        prepared.wait()
        settings.DATABASES["default"]["TEST"]["TEMPLATE"] = prepared.TEMPLATE


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Django empties the tables after a test that commits, and the audit log refuses that."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_auditentry DISABLE TRIGGER accounts_audit_stays_whole")


@pytest.fixture(autouse=True)
def nothing_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test that commits leaves beside Django's tables, which are emptied: tasks in the queue, and the cache."""
    mark = request.node.get_closest_marker("django_db")
    commits = {"transactional_db", "live_server"} & set(request.fixturenames) or (
        mark and mark.kwargs.get("transaction")
    )
    blocker = request.getfixturevalue("django_db_blocker") if commits else None
    yield
    if blocker is not None:
        with blocker.unblock(), connection.cursor() as cursor:
            for table in ("plsapp_cache", "pgmq.q_celery"):
                cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [table])
                if cursor.fetchone()[0]:
                    cursor.execute(f"DELETE FROM {table}")


@pytest.fixture
def shared() -> Path:
    """The folder with the real data, which is not part of the project."""
    if not SHARED.is_dir():
        pytest.skip(f"the real data is absent: no folder {SHARED}")
    return SHARED


@pytest.fixture
def empty_database(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A database of its own, for migrations: in that of the tests, all later ones would have to go and to come back."""
    tests = connection.settings_dict["NAME"]
    name = f"{tests}_empty"
    with django_db_blocker.unblock():
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
            cursor.execute(f'CREATE DATABASE "{name}"')
        connection.close()
        connection.settings_dict["NAME"] = name
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict["NAME"] = tests
            with connection._nodb_cursor() as cursor:
                cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def sign_in(db: None) -> Callable[..., Client]:
    """`sign_in(Role.SALES)` or `sign_in(member)`: a client signed in as that member."""
    from tests.factories import MemberFactory

    def sign_in(who: Role | str | Member) -> Client:
        member = who if isinstance(who, Member) else MemberFactory(role=who)
        client = Client()
        client.force_login(member)
        client.member = member
        return client

    return sign_in
