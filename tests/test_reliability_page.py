"""docs/reliability.md lists the faults that the tests try, no more and no fewer."""

import faults
import pytest


def test_the_page_lists_every_fault_that_is_tried(request: pytest.FixtureRequest) -> None:
    tried = faults.counted(request.session.items)
    listed = faults.listed()
    assert {fault: listed.get(fault) for fault in tried} == tried
    if request.config.args == request.config.getini("testpaths"):  # everything was collected
        assert listed.keys() == tried.keys()
