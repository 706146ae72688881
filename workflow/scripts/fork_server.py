"""A process that has loaded what scripts import, and forks itself for each of their jobs.

Python, torch, numba and dlib take as long to load as many a job computes. The server imports what a
script imports before it forks the first time, and what the job imported on its own before it forks the next time. It
computes nothing else than what `prepare` of a module does: compiled functions and caches that any process would fill
in the same way, with no random numbers, threads or GPU. Files, arguments, environment and standard streams are those of
the process that Snakemake started, which waits and ends as the job does. Where no server can be reached, or it could
not start the job, that process runs the job itself.

    python workflow/scripts/fork_server.py FD     # a listening socket; ends when its standard input is closed
"""

import ast
import ctypes
import gc
import importlib
import json
import os
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
import warnings
from collections.abc import MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any

ADDRESS = "MICROEXPR_FORK_SERVER"  # variable of the environment with the path of the socket
DIES_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl
STREAMS = (0, 1, 2)
HANDLERS: dict[int, Any] = {}  # of the signals that the server ignores: a job's own
CONNECTED_S = 60.0  # the longest wait for a request once a client has connected
STARTED = "started\n"  # what a job writes to its client first


def is_possible() -> bool:
    """Return whether processes can be forked and watched as the server does: on Linux 5.3 or later."""
    with suppress(AttributeError, OSError):
        os.close(os.pidfd_open(os.getpid()))
        return True
    return False


def start(environment: MutableMapping[str, str] = os.environ) -> "subprocess.Popen[bytes] | None":
    """Start a server for the scripts that this process will start, unless it is not possible here.

    There is none either where the variable `ADDRESS` is set, if only to nothing: each job then starts on its own. The
    server ends with this process, however that ends: nothing else holds the pipe to its standard input."""
    if ADDRESS in environment or not is_possible():
        return None
    folder = ""
    try:
        folder = tempfile.mkdtemp(prefix="microexpr-")  # that no other user may enter
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"{folder}/socket")
            listener.listen(1024)
            listener.set_inheritable(True)
            command = [sys.executable, __file__, str(listener.fileno())]
            server = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[listener.fileno()])
    except OSError:  # a path too long for a socket, a full disk
        shutil.rmtree(folder, ignore_errors=True)
        return None
    environment[ADDRESS] = f"{folder}/socket"
    return server


def hand_over() -> None:
    """Let the server run this script of Snakemake's, and end this process as the job ended.

    Return where no server has started the job. Once it has, Ctrl-C is the job's, which the terminal sends it too."""
    address = os.environ.get(ADDRESS)
    if not address or not hasattr(sys.modules["__main__"], "snakemake") or sys.gettrace():
        return
    request = {
        "argv": sys.argv,
        "path": sys.path,
        "folder": str(Path.cwd()),
        "environment": {name: value for name, value in os.environ.items() if name != ADDRESS},
        "address": address,
    }
    flush()
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(address)
        socket.send_fds(connection, [b"\0"], [*STREAMS])
        connection.sendall(json.dumps(request).encode() + b"\n")
        answers = connection.makefile()
        if answers.readline() != STARTED:
            return
    except OSError:
        return
    except KeyboardInterrupt:  # the server is still loading; without a client it starts no job
        os._exit(128 + signal.SIGINT)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    code = int(answers.readline() or 1)  # without an answer what watches the job was killed, and the job with it
    if code < 0:
        with suppress(OSError):  # the handlers of SIGKILL and SIGSTOP cannot be set
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


class Server:
    """The process that waits for requests. A separate process serves each, so that no job waits for another."""

    def __init__(self, listener: socket.socket):
        self.listener = listener
        self.tried: set[str] = set()  # modules that were imported, or could not be

    def run(self) -> None:
        """Serve until standard input is closed and all jobs have ended; their CPU seconds then count as its own."""
        while True:
            ready, _, _ = select.select([self.listener.fileno(), 0], [], [])
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG) != (0, 0):
                    pass
            if 0 in ready and not os.read(0, 1):
                with suppress(ChildProcessError):
                    while os.wait():
                        pass
                return
            if self.listener.fileno() in ready:
                with suppress(OSError, ValueError):
                    connection, _ = self.listener.accept()
                    with connection:
                        self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(CONNECTED_S)
        _, streams, _, _ = socket.recv_fds(connection, 1, len(STREAMS))
        try:
            request = json.loads(connection.makefile().readline())
            if "modules" in request:
                self._load(request["modules"])
                return
            sys.path[:] = request["path"]
            self._load(imports(Path(request["folder"], request["argv"][0]).read_text(encoding="utf-8")))
            gc.freeze()  # or the first collection of a job would copy all memory
            if os.fork() == 0:
                try:
                    self.listener.close()
                    attend(connection, request, streams)
                finally:
                    os._exit(1)
        finally:
            for stream in streams:
                os.close(stream)

    def _load(self, names: list[str]) -> None:
        """Import modules, and call `prepare` of those of the package that have it: it fills caches that jobs share.

        Those that cannot be imported are left to the job, which says so; their warnings stand in no log."""
        for name in names:
            if name not in self.tried:
                self.tried.add(name)
                with suppress(Exception), warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    module = importlib.import_module(name)
                    if name.startswith("microexpr.") and hasattr(module, "prepare"):
                        module.prepare()


def imports(source: str) -> list[str]:
    """Return the names of modules that a script imports anywhere, a name from a module as if it were one as well."""
    names = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


def attend(connection: socket.socket, request: dict[str, Any], streams: list[int]) -> None:
    """Fork the job, and answer with its exit code, or minus its signal; kill it if the client is gone."""
    job = os.fork()
    if job == 0:
        os._exit(run(connection, request, streams))
    watch = os.pidfd_open(job)
    ready, _, _ = select.select([watch, connection.fileno()], [], [])
    if watch not in ready:
        os.kill(job, signal.SIGKILL)
    _, status = os.waitpid(job, 0)
    connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def run(connection: socket.socket, request: dict[str, Any], streams: list[int]) -> int:
    """Run the script as the client would have; return its exit code."""
    ctypes.CDLL(None).prctl(DIES_WITH_PARENT, signal.SIGKILL)
    for number, handler in HANDLERS.items():
        signal.signal(number, handler)
    connection.sendall(STARTED.encode())
    for stream, number in zip(streams, STREAMS, strict=True):
        os.dup2(stream, number)
    before = {*sys.modules}
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv, sys.path[:] = request["argv"], request["path"]
    code = 0
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            code = end.code or 0
        else:
            print(end.code, file=sys.stderr)
            code = 1
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
    except BaseException:  # whatever ends a script is printed and ends with code 1, as in a separate process
        traceback.print_exc()
        code = 1
    with suppress(OSError):
        report(request["address"], [name for name in sys.modules if name not in before])
    flush()
    return code


def flush() -> None:
    """Write what was printed so far."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()


def report(address: str, modules: list[str]) -> None:
    """Tell the server which modules a job imported, so that the next one finds them loaded."""
    names = [name for name in modules if name != "__main__" and getattr(sys.modules[name], "__spec__", None)]
    if names:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(address)
            socket.send_fds(connection, [b"\0"], [])
            connection.sendall(json.dumps({"modules": names}).encode() + b"\n")


def main() -> None:
    """Serve at the socket of the command line; signals to the whole group are for Snakemake and the jobs."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        HANDLERS[number] = signal.signal(number, signal.SIG_IGN)
    with socket.socket(fileno=int(sys.argv[1])) as listener:
        listener.set_inheritable(False)
        address = listener.getsockname()
        Server(listener).run()
    shutil.rmtree(Path(address).parent, ignore_errors=True)


if __name__ == "__main__":
    main()
