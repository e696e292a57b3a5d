"""Compile a project that Brian2 wrote, C++ or CUDA, in a few files instead of some fifty.

Brian2 writes a file for every object, and most of the compiler's time goes into the headers that
each of them includes: together they are compiled in a third (C++) to a tenth (CUDA) of the time.
"""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

AHEAD = 16  # synapses
FILES = Path(__file__).with_name("files.h")
SHARED = ("main", "network", "objects", "rand", "run", "synapses_classes", "brianlib/spikequeue")


def compile_project(
    directory: Path, suffix: str, compiler: Sequence[str], link: Sequence[str] = (), jobs: int = 1
) -> None:
    """Compile the project in `directory` to the program `main`.

    Parameters
    ----------
    directory : Path
    suffix : str
        Suffix of the sources: .cpp or .cu.
    compiler : sequence of str
        The compiler with its flags.
    link : sequence of str
        Further flags of the last step.
    jobs : int
        Number of compilers that run at once, and of files that the sources are put into.

    Raises
    ------
    subprocess.CalledProcessError
        Where the compiler fails; its own output says why.
    """
    sources = sorted(
        (directory / "code_objects").glob(f"*{suffix}"),
        key=lambda path: (path.name.startswith("after_run"), path.name),  # they use the others
    )
    for path in sources:
        if suffix == ".cpp":
            path.write_text(fetch_ahead(path.read_text()))
    queue = directory / "brianlib" / "spikequeue.h"
    if queue.is_file():
        queue.write_text(without_division(queue.read_text()))
    objects = directory / f"objects{suffix}"
    objects.write_text(whole_files(objects.read_text()))
    headers = sorted(
        {
            line.strip()
            for path in sources
            for line in path.read_text().splitlines()
            if line.lstrip().startswith("#include")
        }
    )
    shared = [f"{name}{suffix}" for name in SHARED if (directory / f"{name}{suffix}").is_file()]
    running = []
    for part in range(jobs):
        lines, kernels = [*headers], dict[str, str]()
        for number, path in enumerate(sources[part::jobs]):
            # All files define helpers of the same names, so each gets a namespace of its own.
            here, text = f"file_{number}", path.read_text()
            used = [f"using {owner}::{name};" for name, owner in kernels.items() if name in text]
            lines += [f"namespace {here} {{", *used, f'#include "code_objects/{path.name}"', "}"]
            header = path.with_suffix(".h").read_text()
            declared = re.findall(r"^void (\w+)\(\);", header, re.MULTILINE)
            lines += [f"void {name}() {{ {here}::{name}(); }}" for name in declared]
            kernels |= dict.fromkeys(re.findall(r"__global__ void (\w+)\(", header), here)
        lines += [f'#include "{name}"' for name in shared if part == 0]
        (directory / f"part_{part}{suffix}").write_text("\n".join(lines) + "\n")
        command = [*compiler, "-I.", "-c", f"part_{part}{suffix}", "-o", f"part_{part}.o"]
        running.append(subprocess.Popen(command, cwd=directory))
    for process in [process for process in running if process.wait()]:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    parts = [f"part_{part}.o" for part in range(jobs)]
    subprocess.run([*compiler, *parts, *link, "-o", "main"], cwd=directory, check=True)


def fetch_ahead(code: str) -> str:
    """Let loops over the synapses that spike in a step ask for memory before they need it.

    The synapses of a postsynaptic spike lie all over the arrays, and waiting for them would take
    a third of the run time. What is computed stays the same, bit by bit.

    Parameters
    ----------
    code : str
        C++ that Brian2 wrote; returned as it is where it has no such loop.
    """
    one = "const size_t _idx = (*_spiking_synapses)[_spiking_synapse_idx];"
    arrays = sorted(set(re.findall(r"(\w+)\[_idx\]", code)))
    fetch = "".join(f" __builtin_prefetch(&{array}[_ahead]);" for array in arrays)
    later = f"std::min(_spiking_synapse_idx + {AHEAD}, _num_spiking_synapses - 1)"
    return code.replace(one, f"{one} const size_t _ahead = (*_spiking_synapses)[{later}];{fetch}")


def without_division(code: str) -> str:
    """Let Brian2's queues of spikes move on by a comparison: each does so in every time step."""
    there = "(offset+1)%queue.size()"
    return code.replace(there, "offset + 1 < int(queue.size()) ? offset + 1 : 0")


def whole_files(code: str) -> str:
    """Let Brian2's code read and write files through `files.h`: it checks for no errors itself.

    Parameters
    ----------
    code : str
        C++ or CUDA that Brian2 wrote.
    """
    found = re.sub(
        r"\b(?:std::)?([io])fstream (\w+);",
        lambda match: f"spikedrift::{'InFile' if match[1] == 'i' else 'OutFile'} {match[2]};",
        code,
    )
    return f'#include "{FILES}"\n{found}'
