"""What all cells of the library have in common."""

from pathlib import Path

import numpy as np
import pytest
from brian2.equations import Equations

from spikedrift.cells import cell as cells
from spikedrift.cells.document import document
from spikedrift.plasticity import registry

ROOT = Path(__file__).resolve().parents[3]


def names_of(cell):
    """All names that it puts into a group."""
    declared = {parameter.name for parameter in cell.parameters}
    return declared | set(Equations(cell.equations(cell.offers)).names) | {"key", "told"}


@pytest.mark.parametrize("name", cells.names())
def test_no_rule_has_a_name_of_the_cell(name):
    """Brian2 refuses synapses that share a name with their cells."""
    here = names_of(cells.get(name))
    for rule in map(registry.declared, registry.names()):
        there = {parameter.name for parameter in rule.parameters} | set(Equations(rule.model).names)
        assert not here & (there | {"w", "w_max"}), rule.name


@pytest.mark.parametrize("name", cells.names())
def test_sets_name_parameters_and_every_parameter_is_used(name):
    cell = cells.get(name)
    declared = [parameter.name for parameter in cell.parameters]
    assert len(set(declared)) == len(declared)
    for values in cell.sets.values():
        assert set(values) <= set(declared)
    assert [parameter.name for parameter in cell.used(cell.offers)] == declared
    assert all(np.isfinite(parameter.default) for parameter in cell.parameters)


def test_the_page_of_cells_is_what_the_cells_say():
    assert (ROOT / "docs" / "cells.md").read_text(encoding="utf-8") == document()
