"""What cells say of themselves, read without Brian2, is what Brian2 reads in their equations."""

import re

import pytest
from brian2.equations import Equations

from spikedrift.cells import cell as cells
from spikedrift.core.errors import InputError
from spikedrift.simulation.statements import assignments


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
        targets = re.findall(r"^(\w+)_post \+= \{weight\}$", statement, re.MULTILINE)
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
