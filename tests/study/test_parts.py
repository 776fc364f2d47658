"""Blocks of repetitions: joined, cut, held by one another, and written so that they prove themselves."""

import numpy as np
import pytest

from surveysim.study.parts import FIELDS, Block, Part, PartError, digest_of, encoded, joined


def block(*repetitions, failures=()):
    values = np.arange(len(repetitions) * 2 * 3 * len(FIELDS), dtype=float).reshape(-1, 2, 3, len(FIELDS))
    values[:] += 1000.0 * np.array(repetitions)[:, None, None, None]
    return Block(np.array(repetitions, np.int64), values, tuple(failures))


def written(folder, first, found):
    data = encoded("abc", first, found)
    path = folder / "abc" / f"{first:09d}-{len(found.repetitions):06d}-{digest_of(data)}.parquet"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path


def test_part__holds_every_bit(tmp_path):
    made = block(16, 18, failures=[(18, -1, "no luck")])
    found = Part.named(written(tmp_path, 16, made)).load()
    assert found.values.tobytes() == made.values.tobytes()
    assert (found.repetitions.tolist(), found.failures) == ([16, 18], made.failures)
    assert Part.named(tmp_path / "lock") is None


def test_part__under_another_name_is_found_out(tmp_path):
    path = written(tmp_path, 16, block(16, 17))
    moved = path.rename(path.with_name(path.name.replace("000000016", "000000032")))
    with pytest.raises(PartError, match="was moved or renamed"):
        Part.named(moved).load()


def test_blocks__are_joined_cut_and_compared():
    whole = joined([block(3, 4), block(1), block(4)])
    assert whole.repetitions.tolist() == [1, 3, 4]
    assert [b.repetitions.tolist() for b in block(1, 3, 4).below(4)] == [[1, 3]]
    assert list(block(5).below(4)) == []
    one = block(1, 2)
    assert Block(one.repetitions[:1], one.values[:1], ()).within(one)
    assert not Block(one.repetitions[:1], one.values[:1] + 1, ()).within(one)
