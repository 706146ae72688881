"""The server that forks a process for each job: a job ends, prints and fails as it would on its own."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from scratch import ROOT

import fork_server

pytestmark = pytest.mark.skipif(not fork_server.is_possible(), reason="processes cannot be watched here")
SCRIPTS = ROOT / "workflow/scripts"
HEAD = f"""
import sys
sys.path.append({str(SCRIPTS)!r})
snakemake = None  # as in a script of Snakemake's
import fork_server
fork_server.hand_over()
import os
"""


@pytest.fixture
def environment():
    """The environment of clients of a server, which do not ignore Ctrl-C; at the end the server is stopped."""
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)  # it is ignored in a shell's background
    environment = {name: value for name, value in os.environ.items() if name != fork_server.ADDRESS}
    server = fork_server.start(environment)
    yield environment | {"SERVER": str(server.pid)}
    server.stdin.close()
    signal.signal(signal.SIGINT, handler)
    assert server.wait(timeout=20) == 0


def run(folder, environment, body):
    client = start(folder, environment, body, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    output = client.communicate(timeout=60)
    return subprocess.CompletedProcess(client.args, client.returncode, *output)


def start(folder, environment, body, **options):
    (folder / "script.py").write_text(HEAD + body)
    command = [sys.executable, str(folder / "script.py"), "argument"]
    return subprocess.Popen(command, cwd=folder, env=environment, **options)


HEARS_INTERRUPTS = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"  # in the background too
GRANDPARENT = "open(f'/proc/{os.getppid()}/stat').read().split()[3]"


def test_job_is_a_fork_of_the_server_with_the_clients_streams_folder_and_variables(environment, tmp_path):
    body = f"print({GRANDPARENT}, sys.argv[1:], os.getcwd(), os.environ['WORD'])\nprint('problem', file=sys.stderr)"
    process = run(tmp_path, environment | {"WORD": "word"}, body)
    assert process.stdout == f"{environment['SERVER']} ['argument'] {tmp_path} word\n"
    assert process.stderr == "problem\n"
    assert process.returncode == 0


def test_server_imports_what_a_script_and_an_earlier_job_imported(environment, tmp_path):
    """`colorsys` is named in the script; `wave` is not, so the first job imports it itself."""
    body = "print('colorsys' in sys.modules, 'wave' in sys.modules)\nimport colorsys\n__import__('wave')"
    assert run(tmp_path, environment, body).stdout == "True False\n"
    assert run(tmp_path, environment, body).stdout == "True True\n"


@pytest.mark.parametrize(
    ("body", "code", "error"),
    [
        ("raise SystemExit(3)", 3, ""),
        ("sys.exit('no such file')", 1, "no such file\n"),
        ("sys.exit('')", 1, ""),
        ("sys.exit(None)", 0, ""),
        ("os.kill(os.getpid(), 9)", -signal.SIGKILL, ""),
        ("os.kill(os.getpid(), 15)", -signal.SIGTERM, ""),
        ("import no_such_module", 1, "ModuleNotFoundError"),
    ],
)
def test_client_ends_as_the_job_does(environment, tmp_path, body, code, error):
    process = run(tmp_path, environment, body)
    assert process.returncode == code
    assert error in process.stderr


def test_job_of_a_killed_client_is_killed(environment, tmp_path):
    client = start(tmp_path, environment, "import time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(60)")
    pid = tmp_path / "pid"
    assert holds_soon(lambda: pid.exists() and pid.read_text())
    client.kill()
    client.wait()
    assert holds_soon(lambda: not is_alive(int(pid.read_text())))


def test_script_runs_by_itself_without_a_server(tmp_path):
    body = f"print({GRANDPARENT} == str({os.getpid()}) or os.getppid() == {os.getpid()})"
    gone = {**os.environ, fork_server.ADDRESS: str(tmp_path / "socket")}
    for environment in (os.environ | {fork_server.ADDRESS: ""}, gone):
        assert run(tmp_path, environment, body).stdout == "True\n"


def test_job_that_gets_an_interrupt_unwinds_and_its_client_waits(environment, tmp_path):
    """As Ctrl-C sends it, to the whole group."""
    begin = "import time\nopen('pid', 'w').write(str(os.getpid()))\nopen('begun', 'w')\n"
    body = "try:\n    time.sleep(60)\nfinally:\n    time.sleep(0.3)\n    open('done', 'w')"
    client = start(tmp_path, environment, begin + body)
    assert holds_soon((tmp_path / "begun").exists)
    for process in (client.pid, int((tmp_path / "pid").read_text())):
        os.kill(process, signal.SIGINT)
    assert client.wait(timeout=20) == 128 + signal.SIGINT
    assert (tmp_path / "done").exists()


def test_client_that_gets_an_interrupt_before_its_job_has_started_ends_without_a_word(tmp_path):
    """A server that is still loading libraries."""
    (tmp_path / "script.py").write_text(HEAD + "open('ran', 'w')")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        listener.listen()
        listener.settimeout(20)
        program = f"{HEARS_INTERRUPTS}; import runpy; runpy.run_path('script.py', None, '__main__')"
        environment = os.environ | {fork_server.ADDRESS: listener.getsockname()}
        command = [sys.executable, "-c", program]
        client = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
        connection, _ = listener.accept()
        connection.makefile().readline()  # the request: from here on the client waits
        client.send_signal(signal.SIGINT)
        assert client.communicate(timeout=20)[1] == ""
    assert client.returncode == 128 + signal.SIGINT
    assert not (tmp_path / "ran").exists()


def test_client_runs_the_script_itself_where_the_server_cannot_start_a_job(tmp_path):
    """A server that accepts, and closes the connection without a job."""
    address = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        thread = threading.Thread(target=lambda: listener.accept()[0].close())
        thread.start()
        assert run(tmp_path, os.environ | {fork_server.ADDRESS: address}, "print('ran')").stdout == "ran\n"
        thread.join()


def test_there_is_no_server_where_the_variable_is_set_or_below_a_folder_with_too_long_a_path(monkeypatch, tmp_path):
    assert fork_server.start(environment := {fork_server.ADDRESS: ""}) is None
    assert environment == {fork_server.ADDRESS: ""}
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    assert fork_server.start(environment := {}) is None
    assert environment == {} and not list(folder.iterdir())


def test_server_waits_for_its_jobs_and_removes_its_socket(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != fork_server.ADDRESS}
    server = fork_server.start(environment)
    body = "import time\nopen('begun', 'w')\ntime.sleep(0.5)\nopen('done', 'w')"
    client = start(tmp_path, environment, body)
    assert holds_soon((tmp_path / "begun").exists)
    server.stdin.close()
    assert server.wait(timeout=20) == 0
    assert (tmp_path / "done").exists()
    assert client.wait(timeout=20) == 0
    assert not os.path.lexists(environment[fork_server.ADDRESS])


def holds_soon(condition):
    """Whether a condition holds within 20 s."""
    for _ in range(400):
        if condition():
            return True
        time.sleep(0.05)
    return False


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
