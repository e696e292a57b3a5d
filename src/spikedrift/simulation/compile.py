"""Compile a project that Brian2 wrote, C++ or CUDA, in a few files instead of some fifty.

Brian2 writes a file for every object, and most of the compiler's time goes into the headers that
each of them includes: together they are compiled in a third (C++) to a tenth (CUDA) of the time.
Of what is left, two fifths would go into what no session uses or what is written out many times
(`only_files`, `short_settings`, `prepared_once`).
"""

import re
import subprocess
from collections.abc import Collection, Sequence
from pathlib import Path

from spikedrift.simulation.loops import go_by_cells

AHEAD = 16  # synapses
FILES = Path(__file__).with_name("files.h")
# How Brian2 sets a variable by its name: number of elements, and where they are.
SETTING = re.compile(
    r"""\{\s*var_size\ =\ ([^;]+);\s*data_size\ =\ [^;]+;\s*
    if\ \(s_value\[0\][^{]+\{\s*//\ set\ from\ single\ value\s*
    set_variable_from_value[^,]+,\ ([^,]+),\ [^;]+;\s*\}\ else\ \{\s*//\ set\ from\ file\s*
    set_variable_from_file\([^;]+;\s*\}\s*return;\s*\}""",
    re.VERBOSE,
)
SHARED = ("main", "network", "objects", "rand", "run", "synapses_classes", "brianlib/spikequeue")


def compile_project(
    directory: Path,
    suffix: str,
    compiler: Sequence[str],
    link: Sequence[str] = (),
    jobs: int = 1,
    files: Collection[str] | None = None,
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
    files : collection of str, optional
        Files that a C++ program writes when it ends; by default those of all arrays. CUDA always
        writes all.

    Raises
    ------
    subprocess.CalledProcessError
        Where the compiler fails; its own output says why.
    """
    sources = sorted(
        (directory / "code_objects").glob(f"*{suffix}"),
        key=lambda path: (path.name.startswith("after_run"), path.name),  # they use the others
    )
    if suffix == ".cpp" and "-fopenmp" not in compiler:
        go_by_cells(directory / "code_objects")
    for path in sources:
        if suffix == ".cpp":
            path.write_text(fetch_ahead(path.read_text()))
    queue = directory / "brianlib" / "spikequeue.h"
    if queue.is_file():
        queue.write_text(prepared_once(without_division(queue.read_text())))
    objects = directory / f"objects{suffix}"
    code = objects.read_text()
    if suffix == ".cpp":
        code = short_settings(code if files is None else only_files(code, files))
    objects.write_text(whole_files(code))
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


def prepared_once(code: str) -> str:
    """Let all queues of spikes share the code that fills them before a run."""
    there = "template <typename scalar> void prepare(scalar *real_delays"
    return code.replace(there, there.replace("void", "__attribute__((noinline)) void"))


def only_files(code: str, files: Collection[str]) -> str:
    """Let a program write some files when it ends, and not every array that it has.

    Parameters
    ----------
    code : str
        C++ that Brian2 wrote.
    files : collection of str
    """
    begins, ends = "void _write_arrays()\n{", "\n}\n"
    before, there, rest = code.partition(begins)
    body, end, after = rest.partition(ends)
    first, *blocks = re.split(r"^(?= *ofstream \w+;)", body, flags=re.MULTILINE)
    kept = [
        block for block in blocks if set(re.findall(r'results_dir \+ "(.*?)"', block)) & {*files}
    ]
    return "".join([before, there, first, *kept, end, after])


def short_settings(code: str) -> str:
    """Let a program set its variables by one call each of `spikedrift::set` (`files.h`).

    Parameters
    ----------
    code : str
        C++ that Brian2 wrote.
    """
    return SETTING.sub(r"return spikedrift::set(\2, \1, s_value);", code)


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
