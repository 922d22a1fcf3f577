"""Ids and salts: the same ones at every run, and never one twice."""

from hashlib import sha256

from backoffice_ledger.testing import SeededSalts, SequentialIds


def test_ids_count() -> None:
    """From 1, after their prefix."""
    ids = SequentialIds("trade-")
    assert [ids(), ids()] == ["trade-1", "trade-2"]
    assert repr(ids) == "SequentialIds('trade-'), last 2"


def test_salts_follow_from_the_seed() -> None:
    """They are SHA-256 of the seed and a counter, however much is asked for."""
    salts, others = SeededSalts("seed"), SeededSalts(b"seed")
    first = sha256(b"seed" + bytes(8)).digest()
    assert salts(16) == first[:16]
    assert len(salts(70)) == 70
    drawn = [others(16) for _ in range(100)]
    assert drawn[0] == first[:16]
    assert len(set(drawn)) == 100
    assert SeededSalts("another")(16) != first[:16]
    assert repr(salts) == "SeededSalts(b'seed'), 4 blocks drawn"
