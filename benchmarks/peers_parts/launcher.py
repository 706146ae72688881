"""Run commands at once and print what each used, as JSON: [[exit status, core-seconds, kilobytes], ...], seconds.

    python launcher.py FOLDER JSON-LIST-OF-COMMANDS

Linux counts the memory of the process that starts a program as the program's own peak until it runs, so this process,
which imports little, starts them. The output of each goes to FOLDER/log<number>.txt.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path


def main(folder: Path, commands: list[list[str]]) -> None:
    start, started = time.perf_counter(), []
    for number, command in enumerate(commands):
        with (folder / f"log{number}.txt").open("wb") as file:
            started.append(subprocess.Popen(command, cwd=folder, stdout=file, stderr=subprocess.STDOUT))
    used = []
    for process in started:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        used.append([process.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss])
    print(json.dumps([used, time.perf_counter() - start]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
