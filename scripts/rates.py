"""Exact intervals of rates, for the scripts that count alarms."""

import math


def clopper_pearson(hits, trials):
    """The exact two-sided 95 % interval of a rate."""

    def at_most(count, rate):
        terms = (
            math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1)
            + k * math.log(rate) + (trials - k) * math.log1p(-rate)
            for k in range(count + 1)
        )
        return sum(map(math.exp, terms))

    def solve(falls_below):
        low, high = 1e-12, 1 - 1e-12
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (low, middle) if falls_below(middle) else (middle, high)
        return low

    low = 0.0 if hits == 0 else solve(lambda rate: 1 - at_most(hits - 1, rate) > 0.025)
    high = 1.0 if hits == trials else solve(lambda rate: at_most(hits, rate) < 0.025)
    return low, high
