"""RDMs of rsatoolbox are our matrices: its numbers are ours, and they come back."""

import sys

import numpy as np
import pytest
from rsatoolbox.data import Dataset
from rsatoolbox.rdm import RDMs, calc_rdm, compare

from spikedrift import trials
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.exchange.rsatoolbox import from_rsatoolbox, to_rsatoolbox
from spikedrift.rsa import comparator
from spikedrift.rsa.distances import crossnobis_folds, crossvalidated
from spikedrift.similarity.matrix import similarity
from spikedrift.sources.synthetic import record


@pytest.fixture(scope="module")
def recording():
    return record(SyntheticOptions(units=12, segments=5, repeats=4, gap=600.0), "a.movie", 1)


@pytest.fixture(scope="module")
def matrices(recording):
    return {name: similarity(recording, name) for name in ("population_vector", "spikeship")}


@pytest.mark.parametrize("over", ["segment", "repeat", "trial"])
@pytest.mark.parametrize("measure", ["population_vector", "spikeship"])
def test_matrices_come_back_with_their_diagonals(matrices, measure, over):
    matrix = matrices[measure]
    rdms = to_rsatoolbox(matrix, over)
    name = {"trial": "value"}.get(over, f"{over}_value")
    back = from_rsatoolbox(rdms)
    assert back.dims == ("rdm", "condition", "condition_other")
    np.testing.assert_allclose(back.values[0], matrix[name].values, rtol=0, atol=1e-15)
    if measure == "spikeship":
        np.testing.assert_array_equal(back.values[0], matrix[name].values)
    labels = matrix.coords["trial_segment" if over == "trial" else over].values
    found = back.coords["trial_segment" if over == "trial" else over].values
    np.testing.assert_array_equal(found, labels)
    assert back.attrs["measure"] == measure and back.coords["recording"].values.tolist() == [
        "a.movie"
    ]


def test_a_similarity_is_turned_into_a_distance(matrices):
    rdms = to_rsatoolbox(matrices["population_vector"], "trial")
    full = rdms.get_matrices()[0]
    expected = 1 - matrices["population_vector"]["value"].values
    off = ~np.eye(len(full), dtype=bool)
    np.testing.assert_allclose(full[off], expected[off], rtol=0, atol=1e-15)


def test_correlation_distance_of_counts_is_rsatoolboxs(recording, matrices):
    counts = recording["spike_count"].values.astype(float)
    theirs = calc_rdm(Dataset(counts), method="correlation")
    ours = to_rsatoolbox(matrices["population_vector"], "trial")
    np.testing.assert_allclose(ours.dissimilarities, theirs.dissimilarities, rtol=0, atol=1e-12)


def test_vectors_of_pairs_are_in_the_order_of_rsatoolbox(recording):
    counts = recording["spike_count"].values.astype(float).reshape(8, 5, -1)
    ours = crossvalidated(crossnobis_folds(counts, np.ones(counts.shape, bool)))
    n = counts.shape[1]
    data = Dataset(
        counts.reshape(-1, counts.shape[-1]),
        obs_descriptors={"condition": np.tile(np.arange(n), 8), "fold": np.repeat(np.arange(8), n)},
    )
    theirs = calc_rdm(data, method="crossnobis", descriptor="condition", cv_descriptor="fold")
    np.testing.assert_allclose(RDMs(ours[None]).dissimilarities, theirs.dissimilarities, atol=1e-12)


def test_comparators_of_both_say_the_same(matrices):
    one, other = (
        to_rsatoolbox(matrices[name], "trial") for name in ("population_vector", "spikeship")
    )
    theirs = compare(one, other, method="rho-a").item()
    ours = comparator.get("rho_a").compare(one.dissimilarities[0], other.dissimilarities)
    assert ours.item() == pytest.approx(theirs, abs=1e-12) and abs(theirs) > 0.01


def test_animals_become_one_stack_if_their_conditions_are_the_same(recording, matrices):
    other = record(SyntheticOptions(units=9, segments=5, repeats=4, gap=600.0), "b.movie", 2)
    both = [matrices["spikeship"], similarity(other, "spikeship")]
    rdms = to_rsatoolbox(both)
    assert rdms.n_rdm == 2 and rdms.rdm_descriptors["recording"] == ["a.movie", "b.movie"]
    np.testing.assert_array_equal(
        from_rsatoolbox(rdms), np.stack([one["segment_value"].values for one in both])
    )
    fewer = similarity(trials.select(other, trials=other["segment"].values < 4), "spikeship")
    with pytest.raises(InputError, match=r"b\.movie: has other segments than a\.movie"):
        to_rsatoolbox([both[0], fewer])
    with pytest.raises(InputError, match="is of measure spikeship, but"):
        to_rsatoolbox([matrices["population_vector"], both[0]])


def test_missing_pairs_stay_missing(matrices):
    matrix = matrices["spikeship"].copy(deep=True)
    matrix["segment_value"].values[0, 3] = matrix["segment_value"].values[3, 0] = np.nan
    rdms = to_rsatoolbox(matrix)
    assert np.isnan(rdms.dissimilarities).sum() == 1
    np.testing.assert_array_equal(from_rsatoolbox(rdms).values[0], matrix["segment_value"].values)


def test_rdms_of_others_are_read(tmp_path):
    rdms = RDMs(np.arange(6.0)[None], "euclidean", pattern_descriptors={"name": list("abcd")})
    found = from_rsatoolbox(rdms)
    np.testing.assert_array_equal(found.values, rdms.get_matrices())
    assert found.coords["name"].values.tolist() == list("abcd")


def test_what_is_no_matrix_is_refused(recording, matrices, monkeypatch):
    with pytest.raises(InputError, match=r"a\.movie: no 'segment_value' of a measure in it"):
        to_rsatoolbox(recording)
    with pytest.raises(InputError, match="no matrix is over 'segments'; did you mean 'segment'"):
        to_rsatoolbox(matrices["spikeship"], "segments")
    with pytest.raises(InputError, match="no similarity matrix is given"):
        to_rsatoolbox([])
    with pytest.raises(InputError, match="RDMs of rsatoolbox are needed, got Dataset"):
        from_rsatoolbox(recording)
    monkeypatch.setitem(sys.modules, "rsatoolbox.rdm", None)
    with pytest.raises(InputError, match=r"rsatoolbox\.rdm cannot be imported .*'\.\[exchange\]'"):
        to_rsatoolbox(matrices["spikeship"])
