"""Scene classification by a text answer, scored as GeoChat's evaluation does."""

import numpy as np


def class_key(text: str) -> str:
    """Return a class name or an answer without spaces and dots, lower-cased: `Dense Residential.` and `DenseResidential` agree.

    Underscores and hyphens, which folder names use for spaces, go too.
    """
    kept = text.lower().replace("_", " ").replace("-", " ").replace(".", " ")
    return "".join(kept.split())


def exact_matches(answers: list[str], labels: list[str]) -> np.ndarray:
    """Return 1 where an answer is its class name and nothing else, (n,)."""
    return np.array([float(class_key(answer) == class_key(label)) for answer, label in zip(answers, labels, strict=True)])


def majority_share(labels: list[str], training_labels: list[str]) -> float:
    """Return the share that the most frequent training class gets right; ties go to the alphabet."""
    counts = {label: training_labels.count(label) for label in sorted(set(training_labels))}
    most = max(counts, key=lambda label: counts[label])
    return sum(class_key(label) == class_key(most) for label in labels) / len(labels)


def confusion(truth: list[str], answers: list[str]) -> tuple[list[str], np.ndarray]:
    """Return the class names and how often each was answered with each; the last column counts answers that are no class.

    Returns:
        Sorted names (k), and counts (k, k + 1).
    """
    names = sorted(set(truth))
    column = {class_key(name): index for index, name in enumerate(names)}
    counts = np.zeros((len(names), len(names) + 1), dtype=np.int64)
    for label, answer in zip(truth, answers, strict=True):
        counts[column[class_key(label)], column.get(class_key(answer), len(names))] += 1
    return names, counts
