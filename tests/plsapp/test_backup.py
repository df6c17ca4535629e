"""A backup of demo data comes back whole: rows, sequences, partitions, queue and scores."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests import prepared
from tests.plsapp.running import manage

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("up")]

MANAGE = str(settings.BASE_DIR / "manage.py")

#: What a full run leaves of an account, without its times.
SCORES = """
    SELECT coalesce(jsonb_agg(to_jsonb(s) - 'scored_at' - 'run_id' - 'digest' ORDER BY account_id), '[]')::text
    FROM scoring_score s
"""

LOOK = """
import json
from django.db import connection
from plsapp import broker
broker.check()
with connection.cursor() as cursor:
    cursor.execute(
        "SELECT format('%I.%I', nspname, relname) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "
        "WHERE relkind IN ('r', 'p') AND nspname IN ('public', 'pgmq') ORDER BY 1"
    )
    tables = [name for (name,) in cursor.fetchall()]
    sums = {}
    for table in tables:
        cursor.execute(f"SELECT count(*), md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) FROM {table} t")
        sums[table] = cursor.fetchone()
    cursor.execute("SELECT schemaname, sequencename, last_value FROM pg_sequences ORDER BY 1, 2")
    sequences = cursor.fetchall()
    cursor.execute(
        "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid ORDER BY 1"
    )
    partitions = cursor.fetchall()
    cursor.execute(
        "SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2"
    )
    triggers = cursor.fetchall()
print(json.dumps([sums, sequences, partitions, triggers]))
"""


def asked(home: Path, code: str, **more: str) -> str:
    done = manage(home, "shell", "--no-imports", "-c", code, **more)
    assert done.returncode == 0, done.stderr
    return done.stdout.rstrip().rpartition("\n")[2]


def state(home: Path) -> list:
    return json.loads(asked(home, LOOK))


def scores(home: Path) -> list:
    """Of a fresh full run."""
    done = manage(home, "score", "--json")
    assert done.returncode == 0, done.stderr
    code = f"from django.db import connection\nc = connection.cursor(); c.execute({SCORES!r}); print(c.fetchone()[0])"
    return json.loads(asked(home, code))


def refused(home: Path, *command: str) -> str:
    done = manage(home, *command)
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="plsapp-backup-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def demo(folder: Path) -> Path:
    prepared.demo(folder / "demo")
    return folder / "demo"


@pytest.fixture(scope="module")
def expected(demo: Path) -> list:
    return scores(demo)


@pytest.fixture(scope="module")
def file(folder: Path, demo: Path, expected: list) -> Path:
    file = folder / "demo.backup"
    taken = manage(demo, "backup", str(file))
    assert taken.returncode == 0, taken.stderr
    return file


def test_demo_data_come_back_whole_and_score_the_same(folder: Path, demo: Path, expected: list, file: Path):
    other = folder / "other"
    before = state(demo)
    assert len(expected) > 20
    assert before[0]["public.accounts_usage"][0] > 1000

    assert file.stat().st_mode & 0o077 == 0
    assert "is never overwritten" in refused(demo, "backup", str(file))

    # Into an installation that has nothing yet.
    restored = manage(other, "restore", str(file))
    assert restored.returncode == 0, restored.stderr
    assert state(other) == before
    assert scores(other) == expected

    # Over one that has something.
    ruin = "from accounts.models import *; Usage.objects.all().delete(); Member.objects.update(is_active=False)"
    asked(other, ruin + "; Source.objects.create(name='Later')")
    assert "--replace" in refused(other, "restore", str(file))
    restored = manage(other, "restore", str(file), "--replace")
    assert restored.returncode == 0, restored.stderr
    assert state(other) == before
    assert scores(other) == expected
    later = "from accounts.models import Source; print(Source.objects.create(name='Later').pk)"
    assert int(asked(other, later)) > 1


def test_what_cannot_be_restored_is_refused_and_changes_nothing(folder: Path, demo: Path, file: Path):
    cut, text = folder / "cut.backup", folder / "text.backup"
    cut.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    text.write_text("no backup")
    before = state(demo)

    assert "There is no file" in refused(demo, "restore", str(folder / "nothing"))
    assert "is no backup" in refused(demo, "restore", str(text), "--replace")
    refused(demo, "restore", str(cut), "--replace")
    assert state(demo) == before

    future = "from django.db.migrations.recorder import MigrationRecorder as M; from django.db import connection; "
    asked(demo, future + "M(connection).record_applied('accounts', '9999_hover_cars')")
    newer = folder / "newer.backup"
    assert manage(demo, "backup", str(newer)).returncode == 0
    assert "newer version of plsapp" in refused(demo, "restore", str(newer), "--replace")


def test_a_running_app_and_open_connections_are_not_pulled_from_under(demo: Path, file: Path):
    held = (
        "import subprocess, sys; from django.db import connection; connection.ensure_connection(); "
        f"print(subprocess.run([sys.executable, {MANAGE!r}, 'restore', {str(file)!r}, '--replace'], "
        "capture_output=True, text=True).stderr.replace(chr(10), ' '))"
    )
    assert "Stop the app first" in asked(demo, held)
    locked = (
        "import subprocess, sys; from django.conf import settings; from plsapp import supervisor\n"
        "with supervisor.only_one(settings.HOME, 'at work'):\n"
        f"    print(subprocess.run([sys.executable, {MANAGE!r}, 'restore', {str(file)!r}], "
        "capture_output=True, text=True).stderr.replace(chr(10), ' '))"
    )
    assert "already runs" in asked(demo, locked)


def test_the_own_programs_of_postgresql_find_the_database(demo: Path):
    done = manage(demo, "postgres", "psql", "--tuples-only", "--command=SELECT current_database()")
    assert done.stdout.strip() == "plsapp", done.stderr


def test_a_database_of_some_other_program_is_never_replaced(demo: Path, file: Path):
    keep = (
        "import subprocess, sys, os, psycopg; from django.conf import settings; from plsapp import embedded\n"
        "server = embedded.start(settings.HOME)\n"
        "with psycopg.connect(server.url('postgres'), autocommit=True) as c: c.execute('CREATE DATABASE theirs')\n"
        "with psycopg.connect(server.url('theirs'), autocommit=True) as c: c.execute('CREATE TABLE precious (id int)')\n"
        f"done = subprocess.run([sys.executable, {MANAGE!r}, 'restore', {str(file)!r}, '--replace'],\n"
        "    env=os.environ | {'DATABASE_URL': server.url('theirs')}, capture_output=True, text=True)\n"
        "print(done.stderr.replace(chr(10), ' '))"
    )
    assert "some other program" in asked(demo, keep)


def test_a_server_before_17_gets_the_same_rows_through_psql(demo: Path, file: Path):
    older = (
        "import psycopg; from pathlib import Path; from django.conf import settings; from plsapp import backup, embedded\n"
        "server = embedded.start(settings.HOME)\n"
        "with psycopg.connect(server.url('postgres'), autocommit=True) as c: c.execute('CREATE DATABASE older')\n"
        f"file = Path({str(file)!r})\n"
        "backup._load(file, 'older', backup.look(file), server=150_000, at_once=True)\n"
        "counts = []\n"
        "for name in ('plsapp', 'older'):\n"
        "    with psycopg.connect(server.url(name)) as c:\n"
        "        counts.append(c.execute('SELECT count(*), sum(count), md5(string_agg(u::text, chr(10) ORDER BY u::text)) '\n"
        "                                'FROM accounts_usage u').fetchone())\n"
        "print(counts[0] == counts[1], counts[1][0] > 1000)"
    )
    assert asked(demo, older) == "True True"
