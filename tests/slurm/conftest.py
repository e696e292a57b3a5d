"""A real Slurm of one node on loopback: munged, slurmctld, slurmd, in one directory of theirs."""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CPUS = 2
START_TIMEOUT = 60  # s

CONFIGURATION = """\
ClusterName=spikedrift
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={home}/munge.socket
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_min_interval=0,batch_sched_delay=0,default_queue_depth=100
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
MinJobAge=86400
ReturnToService=2
SlurmdParameters=config_overrides
StateSaveLocation={home}/state
SlurmdSpoolDir={home}/spool
SlurmctldPidFile={home}/slurmctld.pid
SlurmdPidFile={home}/slurmd.pid
SlurmctldLogFile={home}/slurmctld.log
SlurmdLogFile={home}/slurmd.log
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory_mb} State=UNKNOWN
PartitionName={partition} Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@contextmanager
def daemon(command: list[str], log: Path, env: dict[str, str]) -> Iterator[None]:
    """Run a daemon in the foreground of its own session; at the end, stop all that it started."""
    with log.open("w") as out:
        process = subprocess.Popen(
            command, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=log.parent
        )
    try:
        yield
    finally:
        children = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for child in psutil.wait_procs(children, timeout=5)[1]:
            child.kill()


def wait_until_idle(env: dict[str, str], home: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        state = subprocess.run(
            ["sinfo", "--noheader", "--format=%T"], env=env, capture_output=True, text=True
        )
        if state.stdout.strip() == "idle":
            return
        time.sleep(0.3)
    logs = "\n".join(f"{log.name}:\n{log.read_text()[-2000:]}" for log in home.glob("*.log"))
    pytest.fail(f"Slurm did not start in {START_TIMEOUT} s: {state.stderr}\n{logs}", pytrace=False)


@pytest.fixture(scope="session")
def slurm() -> Iterator[dict[str, str]]:
    """Environment variables of a running one-node Slurm without accounting. Mark: slurm.

    Its partition is the one that profiles/slurm names.
    """
    profile = yaml.safe_load((ROOT / "profiles" / "slurm" / "config.yaml").read_text())
    controller_port, node_port = free_ports(2)
    # Not pytest's directory: the path of a Unix socket has at most 107 characters.
    home = Path(tempfile.mkdtemp(prefix="spikedrift-slurm-"))
    (home / "state").mkdir()
    (home / "spool").mkdir()
    key = home / "munge.key"
    key.touch(mode=0o600)
    key.write_bytes(secrets.token_bytes(1024))
    (home / "slurm.conf").write_text(
        CONFIGURATION.format(
            host=socket.gethostname().partition(".")[0],
            home=home,
            cpus=CPUS,
            memory_mb=psutil.virtual_memory().total // 2**20,
            partition=profile["default-resources"]["slurm_partition"],
            controller_port=controller_port,
            node_port=node_port,
        )
    )
    # Nothing here uses cgroups, but slurmd loads a plugin; this one asks nothing of the container.
    (home / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
    env = {**os.environ, "SLURM_CONF": str(home / "slurm.conf")}
    # Inside a job the plugin drops SLURM_CONF before it calls srun.
    srun = home / "bin" / "srun"
    srun.parent.mkdir()
    srun.write_text(f'#!/bin/sh\nSLURM_CONF={home}/slurm.conf exec {shutil.which("srun")} "$@"\n')
    srun.chmod(0o755)
    env["PATH"] = f"{srun.parent}{os.pathsep}{env['PATH']}"
    munged = ["munged", "--foreground", "--force", f"--key-file={key}"]
    for name in ("socket", "pid-file", "seed-file", "log-file"):
        munged.append(f"--{name}={home}/munge.{name.removesuffix('-file')}")
    try:
        with (
            daemon(munged, home / "munged.log", env),
            daemon(["slurmctld", "-D", "-c"], home / "slurmctld.out.log", env),
            daemon(["slurmd", "-D", "-c"], home / "slurmd.out.log", env),
        ):
            wait_until_idle(env, home)
            yield env
            subprocess.run(["scancel", "--user=root"], env=env, check=False)
    finally:
        shutil.rmtree(home)
