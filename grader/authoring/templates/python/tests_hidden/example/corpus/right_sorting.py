def sum_by_name(entries):
    return {name: sum(amount for other, amount in entries if other == name) for name, _ in entries}


def find_leaders(entries):
    ranking = sorted(sum_by_name(entries).items(), key=lambda item: -item[1])
    if not ranking:
        raise ValueError("empty")
    leaders = set()
    for name, total in ranking:
        if total == ranking[0][1]:
            leaders.add(name)
    return leaders
