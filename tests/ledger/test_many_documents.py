"""Many documents at once: what is refused, and what controls do to it."""

from collections.abc import Sequence
from datetime import date

import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.protocols import Books, Finding


class Nod:
    """A control that allows everything."""

    id = "nod"
    version = "1"

    def examine(self, proposal: bl.Proposal, books: Books) -> Sequence[Finding]:
        """Return no objection."""
        return [bl.Allow()]


class NoLetterB:
    """A control that examines documents, and denies one of them."""

    id = "no-letter-b"
    version = "1"
    actions = frozenset({"store-document"})

    def examine(self, proposal: bl.Proposal, books: Books) -> Sequence[Finding]:
        """Deny the document that is called b."""
        is_b = any(effect.content.get("id") == "b" for effect in proposal.effect)
        return [bl.Deny("letter-b", "no letter b") if is_b else bl.Allow()]


def notes(*names: str) -> list[bl.Document]:
    """Return documents of these ids."""
    return [bl.Document("note", name, {"text": name}) for name in names]


def test_only_documents_are_stored() -> None:
    """The error says which of them is none."""
    with bl.open_ledger(":memory:", actor="anna") as ledger:
        with pytest.raises(errors.InvalidDocument) as found:
            ledger.documents.store_many([*notes("a"), "b"])  # type: ignore[list-item]
        assert found.value.field == "documents[1]"
        for wrong in ("ab", 5):
            with pytest.raises(errors.InvalidOption, match="documents"):
                ledger.documents.store_many(wrong)  # type: ignore[arg-type]
            with pytest.raises(errors.InvalidOption, match="ids"):
                ledger.documents.get_many("note", wrong)  # type: ignore[arg-type]
        assert ledger.documents.all("note") == ()


def test_a_conflict_names_the_document() -> None:
    """And nothing of the call is stored."""
    with bl.open_ledger(":memory:", actor="anna") as ledger:
        ledger.documents.store_many(notes("a"))
        other = bl.Document("note", "a", {"text": "another"})
        with pytest.raises(errors.DocumentConflict) as found:
            ledger.documents.store_many([*notes("b"), other])
        assert found.value.field == "documents[1].version"
        assert len(ledger.documents.all("note")) == 1


def test_controls_do_not_keep_documents_apart() -> None:
    """With controls they go one by one, in one transaction all the same."""
    with bl.open_ledger(":memory:", actor="anna", controls=[Nod()]) as ledger:
        ledger.documents.store_many(notes("a", "b"))
        wrong = bl.Document("note", "a", {}, version=3)
        with pytest.raises(errors.DocumentConflict):
            ledger.documents.store_many([*notes("c"), wrong])
        assert [each.id for each in ledger.documents.all("note")] == ["a", "b"]


def test_a_control_of_documents_sees_each_of_many() -> None:
    """One that is denied keeps all of them out."""
    with bl.open_ledger(":memory:", actor="anna", controls=[NoLetterB()]) as ledger:
        ledger.documents.store_many(notes("a", "c"))
        with pytest.raises(errors.ControlDenied):
            ledger.documents.store_many(notes("d", "b"))
        assert [each.id for each in ledger.documents.all("note")] == ["a", "c"]


def test_large_documents_are_measured_exactly() -> None:
    """Small ones need no measuring; near the bound every byte counts."""
    bound = bl.BOUNDS.document_bytes
    line = "x" * 1_000
    whole = {f"line_{number:03}": line for number in range(bound // 1_016)}
    size = sum(len(name) + len(text) + 6 for name, text in whole.items()) + 1
    fits = whole | {"rest": "y" * (bound - size - 10)}
    assert bl.Document("note", "a", fits)
    with pytest.raises(errors.BoundExceeded):
        bl.Document("note", "a", whole | {"rest": "y" * (bound - size - 8)})


def test_history_is_a_table_of_versions() -> None:
    """Who and when, for each."""
    with bl.open_ledger(":memory:", actor="anna") as ledger:
        [first] = ledger.documents.store_many(notes("a"))
        ledger.documents.store(first.revise({"text": date(2026, 1, 1).isoformat()}))
        table = ledger.documents.history("note", "a")
        assert [(row["version"], row["actor"]) for row in table] == [
            (1, "anna"),
            (2, "anna"),
        ]
