"""Linear boundaries between two segments: their angles, and their accuracy in another block."""

from dataclasses import dataclass

import numpy as np
from sklearn.svm import SVC


@dataclass(frozen=True)
class Boundary:
    """The hyperplane normal . (x - through) = 0; positive for the second segment.

    Attributes
    ----------
    normal : float64, shape (n_units,)
        Unit length.
    through : float64, shape (n_units,)
        The point of the hyperplane that is nearest to the midpoint of the two mean responses.
    """

    normal: np.ndarray
    through: np.ndarray

    def accuracy(self, first: np.ndarray, second: np.ndarray) -> float:
        """Share of trials on the right side, with equal weights of the two segments.

        Parameters
        ----------
        first, second : float64, shape (n_trials, n_units)
            Trials of the two segments.
        """
        left, right = ((trials - self.through) @ self.normal for trials in (first, second))
        return float(0.5 * (np.mean(left < 0) + np.mean(right > 0)))

    def rotated_accuracy(
        self, first: np.ndarray, second: np.ndarray, angle: float, direction: np.ndarray
    ) -> np.ndarray:
        """Accuracy after the normal is turned by `angle` (radians) toward random directions.

        Parameters
        ----------
        direction : float64, shape (n_directions, n_units)
            Gaussian; the part along the normal is subtracted.

        Returns
        -------
        float64, shape (n_directions,)
        """
        aside = direction - np.outer(direction @ self.normal, self.normal)
        aside /= np.linalg.norm(aside, axis=1, keepdims=True)
        turned = np.cos(angle) * self.normal + np.sin(angle) * aside
        left, right = (turned @ (trials - self.through).T for trials in (first, second))
        return np.asarray(0.5 * ((left < 0).mean(axis=1) + (right > 0).mean(axis=1)))


def boundary(first: np.ndarray, second: np.ndarray) -> Boundary | None:
    """Fit a linear support vector classifier (C = 1) to the trials of two segments.

    Parameters
    ----------
    first, second : float64, shape (n_trials, n_units)

    Returns
    -------
    Boundary, or None where all trials are alike.
    """
    trials = np.concatenate([first, second])
    label = np.repeat([0, 1], [len(first), len(second)])
    fitted = SVC(kernel="linear", C=1.0, class_weight="balanced").fit(trials, label)
    weight = fitted.coef_[0]
    length = np.linalg.norm(weight)
    if length == 0:
        return None
    middle = 0.5 * (first.mean(axis=0) + second.mean(axis=0))
    through = middle - (weight @ middle + fitted.intercept_[0]) / length**2 * weight
    return Boundary(weight / length, through)


def angle_between(first: Boundary, second: Boundary) -> float:
    """Angle between two normals, radians."""
    return float(np.arccos(np.clip(first.normal @ second.normal, -1, 1)))
