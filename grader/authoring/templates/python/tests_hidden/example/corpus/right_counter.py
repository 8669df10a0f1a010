from collections import Counter


def sum_by_name(entries):
    totals = Counter()
    for name, amount in entries:
        totals[name] += amount
    return totals


class NoEntries(ValueError):
    """There is nothing to compare."""


def find_leaders(entries):
    totals = sum_by_name(entries)
    if len(totals) == 0:
        raise NoEntries
    return set(name for name in totals if totals[name] == max(totals.values()))
