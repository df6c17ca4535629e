"""The supervisor with children of a few lines."""

import contextlib
import http.server
import io
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from plsapp import supervisor
from plsapp.supervisor import Child, Supervisor

pytestmark = pytest.mark.process


def child(name: str, code: str) -> Child:
    return Child(name, [sys.executable, "-c", code])


def supervise(*children: Child, url: str = "http://127.0.0.1:9/") -> tuple[Supervisor, io.StringIO]:
    out = io.StringIO()
    return Supervisor(list(children), environment=os.environ, folder=Path("/"), url=url, out=out), out


def interrupt_when(out: io.StringIO, text: str) -> threading.Thread:
    """Sends Ctrl-C to this process once the text was printed."""

    def watch() -> None:
        deadline = time.monotonic() + 60
        while text not in out.getvalue() and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def test_one_that_keeps_dying_stops_all_and_tells_its_last_lines():
    steady = child("web", "import time; time.sleep(60)")
    all_of_it, out = supervise(steady, child("worker", "import sys; print('no such queue'); sys.exit(3)"))
    assert all_of_it.run() == 1
    assert "worker ended with exit code 3, 5 times within a minute" in out.getvalue()
    assert "worker | no such queue" in out.getvalue().rpartition("Its last lines")[2]
    assert not steady.is_alive


def test_lines_carry_the_name_of_their_process_even_half_ones():
    code = "import os, time; os.write(1, b'a caf\\xc3'); time.sleep(.3); os.write(1, b'\\xa9\\nend'); time.sleep(60)"
    all_of_it, out = supervise(child("beat", code))
    interrupt_when(out, "beat   | a café\n")
    assert all_of_it.run() == 0
    assert "beat   | a café\n" in out.getvalue()
    assert "beat   | end\n" in out.getvalue(), "the last line needs no newline"


def test_one_that_will_not_end_is_killed(monkeypatch):
    monkeypatch.setattr(supervisor, "PATIENCE", 1)
    deaf = child(
        "web", "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    all_of_it, out = supervise(deaf)
    interrupt_when(out, "web    | deaf")
    begun = time.monotonic()
    assert all_of_it.run() == 0
    assert time.monotonic() - begun < 50, "it would have slept longer"
    assert not deaf.is_alive


def test_an_app_that_is_ill_at_first_is_ready_when_it_is_well():
    answers = iter([503, 503, 200])

    class Health(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(next(answers, 200))
            self.end_headers()
            self.wfile.write(b"failing")

        def log_message(self, *_arguments):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Health) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        all_of_it, out = supervise(
            child("web", "import time; time.sleep(120)"), url=f"http://127.0.0.1:{server.server_port}/"
        )
        all_of_it.started_at -= 31  # ill for so long that it is told
        interrupt_when(out, "Ready: http")
        assert all_of_it.run() == 0
        server.shutdown()
    assert out.getvalue().count("is not well: failing") == 1
    assert "Ready: http" in out.getvalue().partition("is not well")[2]


def test_a_home_is_held_by_one(tmp_path):
    with contextlib.ExitStack() as held:
        held.enter_context(supervisor.only_one(tmp_path, "http://first/"))
        with pytest.raises(supervisor.AlreadyRunningError, match="http://first/"):
            held.enter_context(supervisor.only_one(tmp_path, "http://second/"))
    with supervisor.only_one(tmp_path, "http://third/"):
        pass
