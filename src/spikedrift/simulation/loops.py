"""Let loops over synapses in Brian2's programs go cell by cell.

Where a rule looks at some postsynaptic cells in every time step, or adds up what ends on them, the
synapses of one cell lie together (`networks.engine`). Brian2 does not know that: it lists the
synapses of these cells anew in every step, and reads and writes a variable of the cell at every
synapse. What is written here is right for any order of the synapses, and fast for this one. They
are visited in the same order as before.
"""

import re
from pathlib import Path

LOOKING = re.compile(r"(?!before_run_)((\w+)_where_\d+)_push_spikes\.cpp")
# Sums keep the order of their terms, and so the same bits, alone and among copies.
IN_ORDER = '__attribute__((optimize("no-associative-math")))'
OF_CELL = r"(const int32_t _postsynaptic_idx = \w+)\[_idx\];"


def go_by_cells(folder: Path) -> None:
    """Rewrite the loops of all projections that look at some cells.

    Parameters
    ----------
    folder : Path
        C++ that Brian2 wrote for one thread, a file for each loop.

    Raises
    ------
    ValueError
        Where these loops are not as this version of Brian2 writes them.
    """
    names = set()
    for path in sorted(folder.iterdir()):
        if found := LOOKING.fullmatch(path.name):
            pathway, name = found.groups()
            loop = folder / f"{pathway}_codeobject.cpp"
            pushing, looping = looking(path.read_text(), loop.read_text(), pathway)
            path.write_text(pushing)
            loop.write_text(looping)
            names.add(name)
    for name in names:
        for path in folder.glob(f"{name}_run_regularly*_codeobject.cpp"):
            path.write_text(regular(path.read_text()))


def looking(push: str, loop: str, pathway: str) -> tuple[str, str]:
    """Let statements at some cells find these cells themselves, and not their synapses in a queue.

    Parameters
    ----------
    push, loop : str
        C++ that puts the synapses of these cells into the pathway's queue, and that runs over them.
    pathway : str
        Its name.

    Raises
    ------
    ValueError
        As `go_by_cells`.
    """
    pushed = rf"{pathway}\.push\(_ptr(\w+), _ptr\1\[(\w+)-1\]\);"
    listed = (
        rf"std::vector<int> \*_spiking_synapses = {pathway}\.peek\(\);\s*"
        r"const int _num_spiking_synapses = _spiking_synapses->size\(\);(\s*\{?)\s*"
        r"for\(int _spiking_synapse_idx=0;\s*_spiking_synapse_idx<_num_spiking_synapses;\s*"
        r"_spiking_synapse_idx\+\+\)\s*\{\s*"
        r"const size_t _idx = \(\*_spiking_synapses\)\[_spiking_synapse_idx\];"
    )
    cells = re.search(pushed, push)
    size = re.search(rf"const size_t {cells[2]} = (\d+);", push) if cells else None
    if not (cells and size and re.search(listed, loop)):
        raise ValueError(f"{pathway}: Brian2 writes its loops otherwise now")
    runs = f"""
    const auto _own = [](int _cell) -> const std::vector<int>&
    {{
        return {pathway}.queue[0]->synapses[{cells[1]}[_cell]];
    }};
    const auto _length = [](const std::vector<int>& _synapses)
    {{
        const size_t _size = _synapses.size();
        const bool _together = _size && _synapses.back() - _synapses.front() + 1 == int(_size);
        return _together ? _size : 1;
    }};
    for(int _cell=0; _cell<{cells[1]}[{size[1]}-1]; _cell++)
    for(size_t _run=0, _step=_length(_own(_cell)); _run<_own(_cell).size(); _run+=_step)
    for(size_t _idx=_own(_cell)[_run], _end=_idx+_step; _idx<_end; _idx++)
    {{"""
    looping = re.sub(listed, lambda found: found[1] + runs, loop)
    return re.sub(pushed, "", push), re.sub(OF_CELL, r"\1[_own(_cell)[_run]];", looping)


def regular(loop: str) -> str:
    """Let a loop over all synapses look once at each run of synapses that end on one cell.

    Parameters
    ----------
    loop : str
        C++; returned as it is where it does not look at the postsynaptic cell.
    """
    post = re.search(r"_postsynaptic_idx = (\w+)\[_idx\];", loop)
    if not post:
        return loop
    runs = f"""
    static const std::vector<int> _runs = [&]
    {{
        std::vector<int> _begin;
        for(int _idx=0; _idx<_N; _idx++)
            if (!_idx || {post[1]}[_idx] != {post[1]}[_idx-1]) _begin.push_back(_idx);
        _begin.push_back(_N);
        return _begin;
    }}();
    for(size_t _run=0; _run+1<_runs.size(); _run++)
    for(int _idx=_runs[_run], _end=_runs[_run+1]; _idx<_end; _idx++)"""
    found = loop.replace("for(int _idx=0; _idx<_N; _idx++)", runs)
    if "[_postsynaptic_idx] = " in loop:
        found = re.sub(r"^void (?=_run_)", f"{IN_ORDER} void ", found, flags=re.MULTILINE)
    return re.sub(OF_CELL, r"\1[_runs[_run]];", found)
