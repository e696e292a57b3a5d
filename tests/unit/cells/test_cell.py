"""What all cells of the library have in common, and what they say of themselves without Brian2."""

import re
from pathlib import Path

import numpy as np
import pytest
from brian2.equations import Equations

from spikedrift.cells import cell as cells
from spikedrift.cells.document import document
from spikedrift.core.errors import InputError
from spikedrift.plasticity import registry
from spikedrift.simulation.statements import assignments

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


@pytest.mark.parametrize("name", cells.names())
def test_names_are_those_of_the_equations(name):
    cell = cells.get(name)
    everything = Equations(cell.equations(cell.offers))
    assert cell.variables(cell.offers) == set(everything.names)
    model = Equations(cell.model)
    assert cell.variables() == set(model.names)
    assert cell.state == model.diff_eq_names | model.parameter_names
    # What stands outside of the model names what is there.
    known = cell.state | {parameter.name for parameter in cell.parameters}
    assert set(assignments(cell.start)) <= cell.state
    for statement in cell.receptors.values():
        targets = re.findall(r"^(\w+)_post [+-]= .*\{weight\}", statement, re.MULTILINE)
        assert targets and set(targets) <= cell.state
    assert not cell.dead_time or set(cells.NAME.findall(cell.dead_time)) <= known
    assert set(cell.offers) <= cells.OFFERED.keys()


@pytest.mark.parametrize("name", cells.names())
def test_what_is_offered_has_its_unit(name):
    cell = cells.get(name)
    equations = Equations(cell.equations(cell.offers))
    for offered in cells.OFFERED.keys() & set(equations.names):
        unit = cells.OFFERED[offered][0]
        assert equations[offered].dim == Equations(f"x : {unit}")["x"].dim


def test_parameters_that_nothing_names_are_left_out():
    cell = cells.get("conductance_lif")
    every = {parameter.name for parameter in cell.parameters}
    spike = {"spike_peak", "spike_width"}
    assert {parameter.name for parameter in cell.used()} == every - spike
    assert {parameter.name for parameter in cell.used({"excitatory_drive"})} == every - spike
    assert {parameter.name for parameter in cell.used({"u"})} == every
    assert "u = " not in cell.equations() and "u = " in cell.equations({"u"})


def test_currents_differ_in_their_driving_force_alone():
    conductance, current = cells.get("conductance_lif"), cells.get("current_lif")
    assert conductance.parameters == current.parameters
    away = {name: text.replace("- v", "- rest") for name, text in conductance.offers.items()}
    assert current.offers["excitatory_drive"] == away["excitatory_drive"]
    assert "reversal_inhibitory - rest" in current.model and "reversal_inhibitory - v" not in (
        current.model
    )


def test_a_rule_that_asks_for_more_than_a_cell_has_is_refused():
    forced, clamped = cells.get("forced"), cells.get("clamped")
    assert cells.lacks(clamped, {"u"}) == "" and cells.lacks(forced, ()) == ""
    words = (
        r"induction of clopath: the cell forced has no u \(membrane potential, spikes included\)"
    )
    with pytest.raises(InputError, match=words):
        cells.refuse(forced, {"u"}, "clopath")
