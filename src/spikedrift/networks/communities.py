"""Groups of strongly connected cells: communities that maximize modularity.

The Louvain method (Blondel et al. 2008, J. Stat. Mech. P10008): nodes move to the community that
raises modularity most until none does, communities become nodes, and so on. Of several orders in
which nodes are visited the best partition is kept, since each order may end in another optimum.
"""

import numpy as np


def louvain(weight: np.ndarray, rng: np.random.Generator, tries: int = 10) -> np.ndarray:
    """Partition nodes into communities.

    Parameters
    ----------
    weight : array, shape (n, n)
        Not negative; of each pair, the mean of both directions counts.
    rng : numpy Generator
        Draws the orders in which nodes are visited.
    tries : int

    Returns
    -------
    int64, shape (n,)
        Community of every node, numbered from the largest.
    """
    symmetric = (weight + weight.T) / 2
    if not symmetric.any():
        return np.arange(len(weight))
    found = [_once(symmetric, rng) for _ in range(tries)]
    return _by_size(max(found, key=lambda of: modularity(symmetric, of)))


def modularity(weight: np.ndarray, community: np.ndarray) -> float:
    """Share of the weight within communities, less that expected from the nodes' strengths."""
    strength, total = weight.sum(axis=0), weight.sum()
    same = community[:, None] == community
    return float((weight[same].sum() - np.outer(strength, strength)[same].sum() / total) / total)


def jaccard(one: np.ndarray, other: np.ndarray) -> float:
    """Mean over the communities of one partition of the best match in the other.

    Parameters
    ----------
    one, other : int, shape (n,)

    Returns
    -------
    float
        Size of the intersection over that of the union; 1 for the same partition.
    """
    n, m = int(one.max()) + 1, int(other.max()) + 1
    both = np.zeros((n, m))
    np.add.at(both, (one, other), 1)
    union = both.sum(axis=1, keepdims=True) + both.sum(axis=0) - both
    return float((both / union).max(axis=1).mean())


def _once(weight: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    found = np.arange(len(weight))
    while True:
        moved = _moved(weight, rng)
        n = int(moved.max()) + 1
        found = moved[found]
        if n == len(weight):
            return found
        member = np.equal.outer(np.arange(n), moved).astype(float)
        weight = member @ weight @ member.T


def _moved(weight: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Move single nodes between communities until no move raises modularity."""
    n = len(weight)
    of, strength, total = np.arange(n), weight.sum(axis=0), weight.sum()
    inside = strength.copy()  # strength of each community
    least = 1e-12 * total  # a gain of rounding alone would move nodes to and fro
    changed = True
    while changed:
        changed = False
        for node in rng.permutation(n):
            old = of[node]
            inside[old] -= strength[node]
            links = np.bincount(of, weight[node], n)
            links[old] -= weight[node, node]
            gain = links - inside * strength[node] / total
            best = int(gain.argmax())
            if gain[best] <= gain[old] + least:
                best = int(old)
            changed |= best != old
            of[node] = best
            inside[best] += strength[node]
    return np.unique(of, return_inverse=True)[1]


def _by_size(community: np.ndarray) -> np.ndarray:
    order = np.argsort(-np.bincount(community), kind="stable")
    return np.argsort(order)[community]
