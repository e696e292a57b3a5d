"""The learning curve shows the numbers of the files of trainings."""

import numpy as np
import pytest
import xarray as xr

from spikedrift.core.errors import InputError
from spikedrift.figures import learning_curve


def trained(instance, recorded=True, **more):
    """What a training says of what it learned."""
    loop = np.array([0.0, 10.0, 20.0])
    found = {
        "single": ("loop", loop / 200 + instance / 100),
        "average": ("loop", loop / 40 + instance / 100),
    }
    if recorded:
        found |= {
            "held_out": ("loop", loop / 50),
            "ceiling": 0.8,
            "units": 0.3,
            "units_ceiling": 0.7,
            "components": ("component", [0.9, 0.6]),
            "components_ceiling": ("component", [0.99, 0.97]),
        }
    return xr.Dataset(
        found, {"loop": loop, "unit": ["u1", "u2"]}, {"instance": instance, "seed": 1, **more}
    )


def panels(figure):
    return {axes.get_title(loc="left").replace("\n", " "): axes for axes in figure.axes}


def test_a_line_an_instance_and_its_ceiling():
    files = [trained(0), trained(1)]
    figure, table = learning_curve.draw(trained=files, titles=["a", "a"])
    shown = panels(figure)
    assert [name.partition(" ")[0] for name in shown] == ["single", "mean", "mean", "rates"]
    curves = shown["mean over trials and held-out repeats"].lines
    drawn = [line.get_ydata() for line in curves if len(line.get_ydata()) == 3]
    for one, ceiling in zip(drawn[::2], drawn[1::2], strict=True):
        np.testing.assert_array_equal(one, files[0]["held_out"])
        np.testing.assert_array_equal(ceiling, np.full(3, 0.8))
    for k in (0, 1):
        part = table[(table["panel"] == "single") & (table["instance"] == k)]
        np.testing.assert_array_equal(part["value"], files[k]["single"])
        assert part["ceiling"].isna().all()
    ends = table[(table["panel"] == "rates") & (table["instance"] == 1)].set_index("component")
    assert ends["value"].to_dict() == {"units": 0.3, "PC1": 0.9, "PC2": 0.6}
    assert ends["ceiling"].to_dict() == {"units": 0.7, "PC1": 0.99, "PC2": 0.97}
    assert "2 a training" in " ".join(item.get_text() for item in figure.texts)
    assert figure.axes[0].get_legend() is None


def test_targets_that_were_drawn_have_no_held_out_repeats():
    files = [trained(0, recorded=False), trained(0, recorded=False)]
    figure, table = learning_curve.draw(trained=files, titles=["a", "b"])
    assert len(figure.axes) == 2 and set(table["panel"]) == {"single", "average"}
    words = [item.get_text() for item in figure.axes[0].get_legend().get_texts()]
    assert words == ["a", "b"]
    colors = {line.get_color() for line in figure.axes[0].lines if len(line.get_ydata()) == 3}
    assert len(colors) == 2


def test_a_training_that_failed_is_told():
    lost = xr.Dataset(attrs={"instance": 1, "failed": "silent before training"})
    figure, table = learning_curve.draw(trained=[trained(0), lost], titles=["a", "b"])
    told = " ".join(item.get_text() for item in figure.texts).replace("\n", " ")
    assert "b: silent before training" in told and set(table["title"]) == {"a"}
    figure, _ = learning_curve.draw(trained=[lost], titles=["b"])
    told = " ".join(item.get_text() for axes in figure.axes for item in axes.texts)
    assert "silent before" in told.replace("\n", " ")


@pytest.mark.parametrize("files, titles", [([], []), ([trained(0)], ["a", "b"])])
def test_lists_that_do_not_fit_are_one_line(files, titles):
    with pytest.raises(InputError, match=r"figure learning_curve: .* titles given for"):
        learning_curve.draw(trained=files, titles=titles)
