import numpy as np
import pytest

from opensim_models.anatomy import levels, segments
from opensim_models.anatomy.sources import STATUSES, counts, source_of, sources, tables


def test_every_number_has_one_source_or_mark():
    for table, rows in tables().items():
        for row in rows:
            found = source_of(table, row)
            assert len(found) == 1, f"{table}[{row}] has {len(found)} sources"
            assert found[0].status in STATUSES
            assert found[0].words


def test_no_source_speaks_of_what_is_not_there():
    known = tables()
    for source in sources():
        assert source.table in known, source.table
        for row in source.rows or ():
            assert row in known[source.table], f"{source.table}[{row}]"


def test_all_numbers_are_counted():
    """Against the tables themselves: 25 rows of eight columns, three numbers a marker."""
    found = counts()
    in_levels = sum(
        sum(n.values()) for table, n in found.items() if table.startswith("levels.") and table.islower()
    )
    assert in_levels == 25 * 8 + len(levels.FLEXION_SHARE)
    assert sum(found["segments.MARKER_OFFSETS_M"].values()) == 3 * len(segments.MARKER_OFFSETS_M)
    assert found["levels.flexion_deg"] == {"sourced": 0, "mem": 25, "guess": 0}


def test_masses_make_a_person():
    twice = ("clavicle", "humerus", "forearm", "hand", "femur", "tibia", "foot")
    total = sum(share * (2 if name in twice else 1) for name, share in segments.MASS_SHARES.items())
    assert total + 0.012 == pytest.approx(1.0, abs=0.01), "with the sacrum's body"


def test_lumbar_ranges_agree_with_another_work():
    """Pearcy 1984: about 14 degrees of flexion and extension at each lumbar joint, the lower ones slightly more."""
    lumbar = levels.column("flexion_deg")[:5]
    assert lumbar.mean() == pytest.approx(14, abs=1.5)
    assert (np.diff(lumbar) < 0).all()
