"""A real Slurm of three nodes on loopback: munged, slurmctld, three slurmd, in one directory."""

import os
import re
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

ROOT = Path(__file__).resolve().parents[1]
NODES = "node1", "node2", "node3"
CPUS = 2  # of a node; the machine has no more than that in all
START_TIMEOUT = 60  # s

CONFIGURATION = """\
ClusterName=spikedrift
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={home}/munge.socket,cred_expire=10
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_min_interval=0,batch_sched_delay=0,default_queue_depth=100
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
JobCompType=jobcomp/none
MinJobAge=86400
SlurmdTimeout=10
KillWait=2
ReturnToService=2
SlurmdParameters=config_overrides
StateSaveLocation={home}/state
SlurmdSpoolDir={home}/spool.%n
SlurmctldPidFile={home}/slurmctld.pid
SlurmdPidFile={home}/slurmd.%n.pid
SlurmctldLogFile={home}/slurmctld.log
SlurmdLogFile={home}/slurmd.%n.log
{nodes}
PartitionName={partition} Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


# The documented command; then what a cluster without accounting takes, jobs that last seconds and
# not hours, and nodes as small as these.
COMMAND = (
    ".venv/bin/snakemake", "--workflow-profile", "profiles/slurm",
    "--slurm-status-command", "squeue",
    "--slurm-init-seconds-before-status-checks", "2",
    "--cores", str(CPUS), "--resources", "downloads=2", "mem_mb=6000",
)  # fmt: skip


def finish(process: "subprocess.Popen[str]", tree: Path) -> str:
    """Wait for a run and return what it said; fail with its logs where it failed."""
    said, _ = process.communicate()
    if process.returncode:
        logs = [log.read_text() for log in tree.glob(".snakemake/slurm_logs/**/*.log")]
        pytest.fail("\n".join([said[-5000:], *logs[:3]]), pytrace=False)
    return said


class Cluster:
    """A running Slurm without accounting, whose daemons can be killed and started again.

    Attributes
    ----------
    env : dict of str
        Environment variables for its commands, and for a Snakemake that submits to it.
    """

    def __init__(self, home: Path, env: dict[str, str], daemons: dict[str, list[str]]) -> None:
        self.home, self.env, self.daemons = home, env, daemons
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        """Start a daemon in the foreground of a session of its own."""
        with (self.home / f"{name}.out.log").open("a") as out:
            self.running[name] = subprocess.Popen(
                self.daemons[name], env=self.env, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                cwd=self.home, start_new_session=True,
            )  # fmt: skip

    def stop(self, name: str) -> None:
        """Stop a daemon; jobs of a node live on."""
        process = self.running.pop(name)
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def fail(self, node: str, job: str) -> None:
        """Kill a node and the job that runs on it, as a power cut would."""
        process = self.running.pop(node)
        process.kill()
        process.wait()
        for one in self.processes(job):
            one.kill()

    def processes(self, job: str, step: str = "") -> list[psutil.Process]:
        """Processes of a job: what watches its steps, or one of them, and all that these run."""
        found = []
        for one in psutil.process_iter(["cmdline"]):
            if " ".join(one.info["cmdline"] or []).startswith(f"slurmstepd: [{job}.{step}"):
                found += [one, *one.children(recursive=True)]
        return found

    def end(self) -> None:
        """Cancel all jobs, then stop all daemons, the last ones first."""
        subprocess.run(["scancel", "--user=root"], env=self.env, check=False)
        left = [one for job in self.jobs() for one in self.processes(job["JobId"])]
        for name in reversed(list(self.running)):
            self.stop(name)
        for child in psutil.wait_procs(left, timeout=5)[1]:
            child.kill()

    def snakemake(self, tree: Path, *arguments: str) -> subprocess.Popen[str]:
        """Start a configuration as documented, where accounting is missing and jobs are short."""
        return subprocess.Popen(
            [*COMMAND, *arguments], cwd=tree, env=self.env, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def ran(self, tree: Path, *arguments: str) -> str:
        """Run a configuration to its end; what Snakemake said."""
        return finish(self.snakemake(tree, *arguments), tree)

    def asked(self, *command: str) -> str:
        """Return what a command of Slurm printed."""
        return subprocess.run(
            command, env=self.env, capture_output=True, text=True, check=True
        ).stdout

    def jobs(self) -> list[dict[str, str]]:
        """Return what Slurm knows of each job: JobId, JobState, Comment and others."""
        shown = self.asked("scontrol", "show", "jobs", "--oneliner")
        return [
            dict(re.findall(r"(\w+)=(\S+)", line)) for line in shown.splitlines() if "=" in line
        ]

    def wait_until_answering(self) -> None:
        """Wait until the controller answers."""
        deadline = time.monotonic() + START_TIMEOUT
        while subprocess.run(["scontrol", "ping"], env=self.env, capture_output=True).returncode:
            assert time.monotonic() < deadline, "slurmctld does not answer"
            time.sleep(0.3)

    def wait_until_idle(self, nodes: int = len(NODES)) -> None:
        """Wait until so many nodes are idle."""
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            state = subprocess.run(
                ["sinfo", "--noheader", "--Node", "--format=%T"],
                env=self.env, capture_output=True, text=True,
            )  # fmt: skip
            if state.stdout.split().count("idle") >= nodes:
                return
            time.sleep(0.3)
        logs = "\n".join(
            f"{log.name}:\n{log.read_text()[-2000:]}" for log in self.home.glob("*.log")
        )
        pytest.fail(
            f"Slurm did not start in {START_TIMEOUT} s: {state.stderr}\n{logs}", pytrace=False
        )


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Run a Slurm whose partition is the one that profiles/slurm names."""
    profile = yaml.safe_load((ROOT / "profiles" / "slurm" / "config.yaml").read_text())
    controller_port, *node_ports = free_ports(1 + len(NODES))
    # Not pytest's directory: the path of a Unix socket has at most 107 characters.
    home = Path(tempfile.mkdtemp(prefix="spikedrift-slurm-"))
    (home / "state").mkdir()
    key = home / "munge.key"
    key.touch(mode=0o600)
    key.write_bytes(secrets.token_bytes(1024))
    host = socket.gethostname().partition(".")[0]
    memory = psutil.virtual_memory().total // 2**20 // len(NODES)
    (home / "slurm.conf").write_text(
        CONFIGURATION.format(
            host=host,
            home=home,
            partition=profile["default-resources"]["slurm_partition"],
            controller_port=controller_port,
            nodes="\n".join(
                f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={CPUS} "
                f"RealMemory={memory} State=UNKNOWN"
                for name, port in zip(NODES, node_ports, strict=True)
            ),
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
    daemons = {"munged": munged, "slurmctld": ["slurmctld", "-D"]}
    found = Cluster(home, env, daemons | {name: ["slurmd", "-D", "-N", name] for name in NODES})
    try:
        for name in found.daemons:
            found.start(name)
        found.wait_until_idle()
        yield found
    finally:
        found.end()
        shutil.rmtree(home)
