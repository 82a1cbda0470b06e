"""Differences between runs of the same round, which share the machine's mood of that moment."""

import math
import random
from dataclasses import dataclass

# Of the normal distribution, for 95 %.
Z = 1.959964


@dataclass
class Difference:
    """An estimate, and half the width of the interval that holds the true one with 95 %."""
    middle: float
    margin: float

    def __str__(self):
        return f"{self.middle:+.2%} ± {self.margin:.2%}"

    def unsigned(self):
        return f"{self.middle:.2%} ± {self.margin:.2%}"


def difference(values):
    """Hodges and Lehmann's estimate, with the interval of Wilcoxon's signed ranks: a run that a
    neighbour disturbed moves neither, as it would a mean."""
    count = len(values)
    means = sorted((values[one] + values[other]) / 2
                   for one in range(count) for other in range(one, count))
    # How many of them may lie outside on either side.
    spread = math.sqrt(count * (count + 1) * (2 * count + 1) / 24)
    outside = int(len(means) / 2 - Z * spread)
    if outside < 1:
        return Difference(median(means), math.inf)
    low, high = means[outside - 1], means[-outside]
    return Difference(median(means), (high - low) / 2)


def median(ordered):
    middle = len(ordered) // 2
    return (ordered[middle] + ordered[~middle]) / 2


def rounds(count, names, measure, limits={}):
    """Measures each name once a round, in another order each time; by name, a value a round. Those
    with a limit are left out of the rounds after so many."""
    shuffled = random.Random(1)
    values = {name: [] for name in names}
    for number in range(count):
        order = [name for name in names if number < limits.get(name, count)]
        shuffled.shuffle(order)
        for name in order:
            values[name].append(measure(name))
    return values
