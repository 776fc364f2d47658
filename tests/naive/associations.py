"""The nation's schooling some years after a census, cohort by cohort, in plain loops."""


def grown_older(census, ages, elapsed, college=None):
    """`census`[sex][age][education] persons moved on by so many years, to `ages`[sex][age] persons.

    From the eighth age group (25-29) on, a group mixes what it had with what the younger one had; `college` is the share of those from the
    fourth group (6-9) on with the last two levels: odds of these are moved for everybody by one factor, found by trying.
    """

    def shares(row):
        return [x / sum(row) if sum(row) else 0.0 for x in row]

    part = elapsed / 5
    moved = []
    for by_age in census:
        rows = [shares(row) for row in by_age]
        older = [
            [(1 - part) * rows[g][e] + part * rows[g - 1][e] if g >= 7 else rows[g][e] for e in range(7)]
            for g in range(len(rows))
        ]
        moved.append(older)

    def table(factor):
        made = []
        for sex, by_age in enumerate(moved):
            made.append([])
            for g, row in enumerate(by_age):
                odds = shares([x * (factor if e >= 5 and g >= 3 else 1.0) for e, x in enumerate(row)])
                made[-1].append([ages[sex][g] * x for x in odds])
        return made

    def share(made):
        inside = [row for by_age in made for row in by_age[3:]]
        return sum(sum(row[5:]) for row in inside) / sum(map(sum, inside))

    if college is None:
        return table(1.0)
    low, high = 1e-6, 1e6
    for _ in range(200):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if share(table(middle)) < college else (low, middle)
    return table(middle)
