"""The table made through Slurm and by local jobs has the same bytes, and so has every result behind it.

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
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml
from checkout import differences, environment, scratch

from microexpr.cli import config

INSTALL = "sudo apt install slurmctld slurmd slurm-client munge"
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


def main() -> int:
    arguments = parsed()
    missing = [name for name in (*DAEMONS, *CLIENTS) if not program(name)]
    if missing:
        print(f"error: no {', '.join(missing)} here: {INSTALL}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="microexpr-campaign-") as temporary:
        base = (arguments.keep or Path(temporary)).resolve()
        roots = [prepared(base / name, arguments) for name in ("slurm", "local")]
        (partitions := Path(temporary) / "partitions.yaml").write_text(PARTITIONS, encoding="utf-8")
        with node(Path(temporary) / "node", arguments.cores) as clients:
            seconds = run(roots[0], [*submitting(arguments.cores, partitions), "--", *arguments.targets], clients)
            jobs = asked(clients, "squeue", "--noheader", "--states=all", "--format=%P %T").splitlines()
        counts = ", ".join(f"{jobs.count(kind)} {kind}" for kind in sorted({*jobs}))
        print(f"slurm: {len(jobs)} submissions ({counts}), {seconds:.0f} s", flush=True)
        seconds = run(roots[1], [*here(arguments.cores), "--", *arguments.targets])
        print(f"local: {seconds:.0f} s", flush=True)
        count, differ = differences(*roots)
    print("\n".join(differ), end="\n" * bool(differ))
    print(f"{count} results, {len(differ)} of them missing or of other bytes")
    return 1 if differ else 0


def parsed() -> Namespace:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", default=[TABLE], help=f"default {TABLE}")
    parser.add_argument("--preset", default="tiny", help="of workflow/presets, default tiny")
    parser.add_argument("--shards", type=int, default=2, help="train.shards of both runs, default 2")
    parser.add_argument("--cores", type=int, default=os.cpu_count(), help="of the node, and jobs at once; default all")
    parser.add_argument("--keep", type=Path, help="a folder to run in, that stays; else a temporary one")
    return parser.parse_args()


def program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")  # where Debian puts daemons


def prepared(root: Path, arguments: Namespace) -> Path:
    """A copy of the project on the preset, all faces generated."""
    scratch.copy(root)
    command = [sys.executable, "workflow/preset.py", arguments.preset, "--force"]
    subprocess.run(command, cwd=root, env=environment(root), check=True, capture_output=True)
    path = root / "params.yaml"
    values = config.load(path)
    values["origin"], values["train"]["shards"] = "generated", arguments.shards
    path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    return root


def here(cores: int) -> list[str]:
    return ["snakemake", "--cores", str(cores), "--quiet", "all"]


def submitting(cores: int, partitions: Path) -> list[str]:
    """What a user types, and besides what a node without accounting wants."""
    own = ["--slurm-no-account", "--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "5"]
    return [*here(cores), "--workflow-profile", "slurm", "--slurm-partition-config", str(partitions), *own]


def run(root: Path, command: Sequence[str], first_on_path: Path | None = None) -> float:
    """Seconds that it took. Raises CalledProcessError where the run fails, after Snakemake has said why."""
    env, started = environment(root), time.monotonic()
    if first_on_path:
        env["PATH"] = f"{first_on_path}:{env['PATH']}"
    subprocess.run(command, cwd=root, env=env, check=True)
    return time.monotonic() - started


@contextmanager
def node(folder: Path, cores: int) -> Iterator[Path]:
    """A running Slurm, all of it below this folder; yields where the commands are that speak to it."""
    for name in ("spool", "state", "bin"):
        (folder / name).mkdir(parents=True)
    folder.parent.chmod(0o711)  # munge wants its socket within everybody's reach
    host, memory = socket.gethostname(), os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    fields = {"host": host, "user": getpass.getuser(), "folder": folder, "cores": cores, "memory": memory * 9 // 10}
    (folder / "slurm.conf").write_text(CONFIG.format(ports=free_ports(2), **fields), encoding="utf-8")
    (folder / "gres.conf").write_text(GPU.format(**fields), encoding="utf-8")
    (folder / "key").write_bytes(os.urandom(1024))
    (folder / "key").chmod(0o600)
    places = [f"--{name}-file={folder / name}" for name in ("key", "pid", "log", "seed")]
    places.append(f"--socket={folder / 'munge.socket'}")
    for name in CLIENTS:  # the executor takes SLURM_CONF away from its jobs, whose srun needs it
        said = f'#!/bin/sh\nSLURM_CONF={shlex.quote(str(folder / "slurm.conf"))} exec {program(name)} "$@"\n'
        (folder / "bin" / name).write_text(said, encoding="utf-8")
        (folder / "bin" / name).chmod(0o755)
    with ExitStack() as daemons:
        daemons.enter_context(daemon(folder, "munged", "--foreground", *places))
        waited(lambda: (folder / "munge.socket").exists(), folder)
        daemons.enter_context(daemon(folder, "slurmctld", "-D", "-f", str(folder / "slurm.conf")))
        daemons.enter_context(daemon(folder, "slurmd", "-D", "-f", str(folder / "slurm.conf")))
        waited(lambda: "idle" in asked(folder / "bin", "sinfo", "--noheader", "--format=%T"), folder)
        try:
            yield folder / "bin"
        finally:
            asked(folder / "bin", "scancel", "--user", getpass.getuser())
            waited(lambda: not asked(folder / "bin", "squeue", "--noheader"), folder)


def free_ports(count: int) -> list[int]:
    with ExitStack() as bound:
        found = [bound.enter_context(socket.socket()) for _ in range(count)]
        for one in found:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in found]


@contextmanager
def daemon(folder: Path, name: str, *options: str) -> Iterator[None]:
    with (folder / f"{name}.out").open("w") as out:
        running = subprocess.Popen([str(program(name)), *options], stdout=out, stderr=out, start_new_session=True)
        try:
            yield
        finally:
            running.terminate()
            running.wait(30)


def asked(clients: Path, name: str, *options: str) -> str:
    """What a command says; "" where it fails."""
    return subprocess.run([clients / name, *options], text=True, capture_output=True).stdout


def waited(done, folder: Path, seconds: float = 60) -> None:
    """Raises TimeoutError, with what the daemons said, if it is never so."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            said = "\n".join(path.read_text(errors="replace")[-1000:] for path in sorted(folder.glob("*.out")))
            raise TimeoutError(f"Slurm must be ready within {seconds:.0f} s, and is not:\n{said}")
        time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())
