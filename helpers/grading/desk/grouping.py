"""Which answers are alike: the same but for spaces, case and punctuation, or nearly the same in letters and words.

Near: the cosine of TF-IDF vectors of letters and of words (scikit-learn), each pair in a group near enough (complete
linkage). Answers whose numbers or negations differ are never put together: there one word turns a right answer wrong.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping

import numpy as np
from sklearn.cluster import AgglomerativeClustering
from sklearn.feature_extraction.text import TfidfVectorizer

NEAR = 0.8  # mean of both cosines
LETTERS = {"analyzer": "char_wb", "ngram_range": (2, 5), "sublinear_tf": True}
WORDS = {"analyzer": "word", "ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b", "sublinear_tf": True}
TURNS = re.compile(r"\b(?:not|no|never|none|without|neither|nor|cannot|only|less|more|smaller|larger|lower|higher|"
                   r"increases?|decreases?|falls?|rises?|linear|non-?linear)\b|n['’]t\b|!=|[<>=≤≥≠¬]|"
                   r"[-−]?(?:\d+(?:[.,]\d+)*|[.,]\d+)|[⁰¹²³⁴⁵⁶⁷⁸⁹⁻½⅓¼¾]+")


def alike(answers: Mapping[str, str]) -> list[list[str]]:
    """Groups of keys whose answers are alike, the largest first; within a group, and among equals, as they came."""
    same: dict[tuple[str, frozenset], list[str]] = {}
    for key, text in answers.items():  # what is left out of it may be a number's, such as .5 or 2³, or turn `=` round
        same.setdefault((_plain(text), frozenset(_turns(text).items())), []).append(key)
    groups: dict[int, list[str]] = {}
    for keys, label in zip(same.values(), _labels([answers[keys[0]] for keys in same.values()])):
        groups.setdefault(label, []).extend(keys)
    order = {key: place for place, key in enumerate(answers)}
    return sorted((sorted(group, key=order.__getitem__) for group in groups.values()),
                  key=lambda group: (-len(group), order[group[0]]))


def _labels(texts: list[str]) -> np.ndarray:
    """One number for each text; equal numbers for texts that are near each other."""
    if len(texts) < 2:
        return np.arange(len(texts))
    read = [_readable(text) for text in texts]
    distance = 1 - (_cosines(read, LETTERS) + _cosines(read, WORDS)) / 2
    turns = [_turns(text) for text in texts]
    apart = np.array([[one != other for other in turns] for one in turns])
    distance[apart] = 2.0
    np.fill_diagonal(distance, 0.0)
    return AgglomerativeClustering(n_clusters=None, metric="precomputed", linkage="complete",
                                   distance_threshold=1 - NEAR).fit_predict(np.clip(distance, 0, 2))


def _cosines(texts: list[str], how: dict) -> np.ndarray:
    try:
        vectors = TfidfVectorizer(**how).fit_transform(texts)
    except ValueError:  # no words at all
        return np.eye(len(texts))
    return (vectors @ vectors.T).toarray()


def _turns(text: str) -> Counter:
    return Counter(TURNS.findall(text.casefold()))


def _plain(text: str) -> str:
    """The same for answers that differ in spaces, case and marks at their ends only."""
    return re.sub(r"[\s.,;:!?\"'“”‘’*_`]+", " ", _readable(text)).strip()


def _readable(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
