"""Numbers given out, listed prefix by prefix as an operator would keep them."""

import itertools


def given_out(prefixes, starts, suffixes=10_000):
    """[(unit, number)] of all units, from (numbers given out, first suffix) of each prefix and the first prefix of each unit."""
    listed = []
    for unit, (first, end) in enumerate(itertools.pairwise(starts)):
        for j in range(first, end):
            many, run = prefixes[j]
            for k in range(many):
                suffix = run + k
                if suffix >= suffixes:
                    suffix -= suffixes
                listed.append((unit, (j - first) * suffixes + suffix))
    return listed


def shared_out(weights, room, total):
    """Whole numbers near to proportion, none above its room: one after the other to whoever is furthest below its part."""
    result, open_ = [0] * len(weights), [w > 0 for w in weights]
    for _ in range(total):
        best = max(
            (k for k in range(len(weights)) if open_[k] and result[k] < room),
            key=lambda k: weights[k] / (result[k] + 0.5),
        )
        result[best] += 1
    return result
