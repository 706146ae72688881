"""Has the table made through Slurm the bytes of one made by local jobs, and every result behind it?

Starts a Slurm of one node in a temporary folder, with Debian's slurmctld, slurmd and munge. It pretends to have a GPU,
and ends jobs that take more memory than they asked for.
"""

import getpass
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import checkout
import pages
from checkout import compute, differences, environment, scratch

TABLE = "results/megc2019_table.csv"
DAEMONS, CLIENTS = ("munged", "slurmctld", "slurmd"), ("sbatch", "srun", "squeue", "scancel", "sinfo", "scontrol")
CONFIG = """\
ClusterName=microexpr
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=2
JobAcctGatherParams=OverMemoryKill
SchedulerParameters=sched_interval=2,bf_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
ReturnToService=2
MinJobAge=604800
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmdSpoolDir={folder}/spool
StateSaveLocation={folder}/state
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory={memory} Gres=gpu:1
PartitionName=cpu Nodes={host} Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes={host} MaxTime=INFINITE State=UP
"""
GPU = "NodeName={host} Name=gpu File=/dev/null\n"  # Count=1 without a file drains the node
PARTITIONS = "partitions: {cpu: {max_gpu: 0}, gpu: {max_gpu: 1}}\n"  # the executor chooses
NO_ACCOUNTING = ["--slurm-no-account", "--slurm-status-command=squeue", "--slurm-init-seconds-before-status-checks=5"]


def main() -> int:
    parser = pages.parser(__doc__, cores=os.cpu_count())
    parser.add_argument("--preset", default="tiny", help="of workflow/presets, default tiny")
    arguments = parser.parse_args()
    if missing := [name for name in (*DAEMONS, *CLIENTS) if not program(name)]:
        parser.error(f"no {', '.join(missing)} here: sudo apt install slurmctld slurmd slurm-client munge")
    with tempfile.TemporaryDirectory(prefix="microexpr-study-") as temporary:
        base, values = Path(temporary), checkout.params(arguments.preset)
        values["origin"], values["train"]["shards"] = "generated", 2
        roots = [base / name for name in ("slurm", "local")]
        for root in roots:
            scratch.copy(root)
        (partitions := base / "partitions.yaml").write_text(PARTITIONS, encoding="utf-8")
        options = ["--workflow-profile", "slurm", "--slurm-partition-config", str(partitions), *NO_ACCOUNTING]
        with node(base / "node", arguments.cores) as clients:
            variables = {"PATH": f"{clients}:{environment(roots[0])['PATH']}"}
            seconds = compute(roots[0], values, arguments.cores, TABLE, options=options, variables=variables)
            jobs = output(clients, "squeue", "--noheader", "--states=all", "--format=%P %T").splitlines()
        counts = ", ".join(f"{jobs.count(kind)} {kind}" for kind in sorted({*jobs}))
        print(f"slurm: {len(jobs)} submissions ({counts}), {seconds:.0f} s", flush=True)
        print(f"local: {compute(roots[1], values, arguments.cores, TABLE):.0f} s", flush=True)
        count, differ = differences(*roots)
    print(*differ, f"{count} results, {len(differ)} of them missing or of other bytes", sep="\n")
    return 1 if differ else 0


def program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")  # where Debian puts daemons


@contextmanager
def node(folder: Path, cores: int) -> Iterator[Path]:
    """A running Slurm, all of it below this folder; yields where the commands are that speak to it."""
    for name in ("spool", "state", "bin"):
        (folder / name).mkdir(parents=True)
    folder.parent.chmod(0o711)  # munge wants everybody to reach its socket
    host, memory = socket.gethostname(), os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    fields = {"host": host, "user": getpass.getuser(), "folder": folder, "cores": cores, "memory": memory * 9 // 10}
    (folder / "slurm.conf").write_text(CONFIG.format(ports=free_ports(2), **fields), encoding="utf-8")
    (folder / "gres.conf").write_text(GPU.format(**fields), encoding="utf-8")
    (folder / "key").write_bytes(os.urandom(1024))
    (folder / "key").chmod(0o600)
    files = [f"--{name}-file={folder / name}" for name in ("key", "pid", "log", "seed")]
    for name in CLIENTS:  # the executor takes SLURM_CONF away from its jobs, whose srun needs it
        script = f'#!/bin/sh\nSLURM_CONF={shlex.quote(str(folder / "slurm.conf"))} exec {program(name)} "$@"\n'
        (folder / "bin" / name).write_text(script, encoding="utf-8")
        (folder / "bin" / name).chmod(0o755)
    with ExitStack() as daemons:
        daemons.enter_context(daemon(folder, "munged", "--foreground", *files, f"--socket={folder / 'munge.socket'}"))
        wait(lambda: (folder / "munge.socket").exists(), folder)
        for name in ("slurmctld", "slurmd"):
            daemons.enter_context(daemon(folder, name, "-D", "-f", str(folder / "slurm.conf")))
        wait(lambda: "idle" in output(folder / "bin", "sinfo", "--noheader", "--format=%T"), folder)
        try:
            yield folder / "bin"
        finally:
            output(folder / "bin", "scancel", "--user", getpass.getuser())
            wait(lambda: not output(folder / "bin", "squeue", "--noheader"), folder)


def free_ports(count: int) -> list[int]:
    with ExitStack() as bound:
        sockets = [bound.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [socket_.getsockname()[1] for socket_ in sockets]


@contextmanager
def daemon(folder: Path, name: str, *options: str) -> Iterator[None]:
    with (folder / f"{name}.out").open("w") as out:
        running = subprocess.Popen([str(program(name)), *options], stdout=out, stderr=out, start_new_session=True)
        try:
            yield
        finally:
            running.terminate()
            running.wait(30)


def output(clients: Path, name: str, *options: str) -> str:
    """Return what a command prints; "" where it fails."""
    return subprocess.run([clients / name, *options], text=True, capture_output=True).stdout


def wait(is_ready: Callable[[], bool], folder: Path, seconds: float = 60) -> None:
    """Raises TimeoutError, with what the daemons printed, if it is never so."""
    end = time.monotonic() + seconds
    while not is_ready():
        if time.monotonic() > end:
            logs = "\n".join(path.read_text(errors="replace")[-1000:] for path in sorted(folder.glob("*.out")))
            raise TimeoutError(f"Slurm must be ready within {seconds:.0f} s, and is not:\n{logs}")
        time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())
