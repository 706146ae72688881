"""The signals that end a run: Ctrl-C, SIGTERM of a scheduler, SIGHUP of a closed terminal."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from typing import Any

import psutil

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ENDED_S = 6.0  # after a signal, at most


class Interrupt:
    """End the jobs, then Snakemake by an exception, which releases the scheduler's lock.

    Snakemake's own handler of SIGTERM (9.27) waits for the jobs, and takes that lock, which the interrupted thread may
    hold: then it waits for ever."""

    def __init__(self) -> None:
        self.happened = False
        self.server: subprocess.Popen[bytes] | None = None  # runs the scripts of this process's jobs

    def catch(self) -> None:
        """Handle the signals, if they are not ignored, as under nohup."""
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self)

    def __call__(self, number: int, _: Any) -> None:
        """Handle a signal."""
        for other in SIGNALS:
            signal.signal(other, signal.SIG_IGN)
        self.happened = True
        deadline = threading.Timer(ENDED_S, os._exit, [1])
        deadline.daemon = True
        deadline.start()
        spared = set[psutil.Process]()  # the server ends its jobs whose clients are gone
        with suppress(psutil.NoSuchProcess):  # it has ended, as after the last job
            if self.server:
                server = psutil.Process(self.server.pid)
                spared = {server, *server.children(recursive=True)}
        for process in psutil.Process().children(recursive=True):
            if process not in spared:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        sys.exit(128 + number)
