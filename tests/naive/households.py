"""One household from its number, in whole numbers of Python: who sits in it, and of which cell everybody is."""

MASK = 2**64 - 1
MULTIPLIERS, STEPS = (0xD2E7470EE14C6C93, 0xCA5A826395121157), (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)


def philox(counter, key):
    """Four words of Philox4x64-10 (Salmon, Moraes, Dror and Shaw 2011)."""
    x, k = list(counter), list(key)
    for _ in range(10):
        first, second = MULTIPLIERS[0] * x[0], MULTIPLIERS[1] * x[2]
        x = [second >> 64 ^ x[1] ^ k[0], second & MASK, first >> 64 ^ x[3] ^ k[1], first & MASK]
        k = [(k[0] + STEPS[0]) & MASK, (k[1] + STEPS[1]) & MASK]
    return x


def column(table, word):
    """A column of an alias table (Walker 1977), whose entries are 23 bits of a threshold above 9 bits of the other column."""
    product = word * len(table)
    here, fraction = product >> 64, product & MASK
    threshold, other = divmod(int(table[here]), 512)
    return here if fraction >> 41 < threshold else other


def household(number, seats, tables, head_group, classes, key):
    """First person, and cells of the members: `classes` are (kind, area, size, households) in the order of numbers.

    `seats` (kinds, places, groups) names the table of a member, `tables` (areas, roles, cells) are alias tables, `head_group` of cells.
    """
    person = 0
    for kind, area, size, count in classes:
        if number >= count:
            number, person = number - count, person + size * count
            continue
        person += number * size
        cells = []
        for place in range(size):
            group = head_group[cells[0]] if cells else 0
            table = tables[area][seats[kind][place][group]]
            cells.append(column(table, philox((person + place, 0, 0, 0), key)[0]))
        return person, cells
    raise IndexError(number)


def seat(letter, generation, group):
    """Table of a member by the letter of the seat: heads by generation, then partners by group, children and parents by age."""
    age = group % 6
    return {"h": generation, "p": 4 + group, "c": 28 + age, "o": 34 + age, "d": 40}[letter]
