"""Differences between runs of the same round, which have similar conditions on the machine."""

import math
import random
from dataclasses import dataclass

# The normal distribution's quantile for a two-sided interval of 95 %.
Z = 1.959964


@dataclass
class Difference:
    """An estimate, and half the width of its 95 % confidence interval."""
    middle: float
    margin: float

    def __str__(self):
        return f"{self.middle:+.2%} ± {self.margin:.2%}"

    def unsigned(self):
        return f"{self.middle:.2%} ± {self.margin:.2%}"


def difference(values):
    """The Hodges-Lehmann estimate, with the interval of Wilcoxon's signed-rank test. Unlike a mean,
    neither is affected by single disturbed runs."""
    count = len(values)
    means = sorted((values[one] + values[other]) / 2
                   for one in range(count) for other in range(one, count))
    # Number of these means outside the interval on either side.
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
    """Measures each name once per round, in random order; returns the values by name. A name with a
    limit is measured only in that number of rounds, which are the first ones."""
    shuffled = random.Random(1)
    values = {name: [] for name in names}
    for number in range(count):
        order = [name for name in names if number < limits.get(name, count)]
        shuffled.shuffle(order)
        for name in order:
            values[name].append(measure(name))
    return values
