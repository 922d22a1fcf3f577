"""Checkpoints: their text, their place in the book, and what they hold against it."""

import sqlite3
import sys
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger import audit, errors
from backoffice_ledger._engine import checkpoints as kept
from backoffice_ledger._stores.memory import MemoryTransaction
from backoffice_ledger.audit import Checkpoint, NoteSignature

ORIGIN = "example.com/books"

# C2SP, tlog-checkpoint.md: the example of the specification
EXAMPLE = (
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n"
    "\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOo"
    "RDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)


def test_the_text_is_that_of_c2sp() -> None:
    """The example of the specification is read and written back, byte for byte."""
    found = Checkpoint.parse(EXAMPLE)
    assert (found.origin, found.size) == ("example.com/behind-the-sofa", 20852163)
    assert found.root.hex()[:8] == "0ac5186a"
    [signature] = found.signatures
    assert signature.name == "example.com/behind-the-sofa"
    assert signature.key_id.hex() == "033de0ae"
    assert len(signature.signature) == 64
    assert str(found) == EXAMPLE
    assert Checkpoint.parse(EXAMPLE.encode()) == found
    assert found.text == EXAMPLE.partition("\n\n")[0] + "\n"


def test_a_key_that_everybody_knows() -> None:
    """The key of Go's checksum database is read, and has the id that it says."""
    public = audit.read_key(
        "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
    )
    assert public.key_id.hex() == "033de0ae"


def test_extension_lines_are_signed_too() -> None:
    """Ours have none; those of others are kept."""
    text = EXAMPLE.replace("q2I=\n", "q2I=\nmore\nand more\n")
    found = Checkpoint.parse(text)
    assert found.extensions == ("more", "and more")
    assert str(found) == text
    assert "and more" in found.text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("20852163", "020852163"),
        ("20852163", "-1"),
        ("20852163", "\u0665"),
        ("20852163", ""),
        ("20852163", "9" * 30),
        ("CsUY", "CsU"),
        ("q2I=", "q2J="),
        ("CsUYapGGPo4d", ""),
        ("\u2014 ", "- "),
        ("\u2014 example.com/behind-the-sofa ", "\u2014 example.com/behind-the-sofa"),
        ("Az3g", "Az!g"),
        ("example.com/behind-the-sofa\n2", "\n2"),
        ("example.com/behind-the-sofa\n2", "a\tb\n2"),
        ("q2I=\n\n", "q2I=\n"),
        ("YQ8=\n", "YQ8="),
        ("q2I=\n", "q2I=\n\tx\n"),
    ],
)
def test_what_is_no_checkpoint(old: str, new: str) -> None:
    """There is one way to write it."""
    assert old in EXAMPLE
    with pytest.raises(errors.InvalidOption):
        Checkpoint.parse(EXAMPLE.replace(old, new, 1))


@pytest.mark.parametrize(
    "note", [None, b"\xff", "x" * 1_000_001, EXAMPLE + EXAMPLE.split("\n\n")[1] * 100]
)
def test_what_is_no_text_of_one(note: Any) -> None:
    """Something else, too long, or with too many signatures."""
    with pytest.raises(errors.InvalidOption):
        Checkpoint.parse(note)


@pytest.mark.parametrize(
    "arguments",
    [
        {"origin": ""},
        {"origin": "a\nb"},
        {"size": -1},
        {"size": True},
        {"size": 10**19},
        {"root": b"x"},
        {"root": "x" * 32},
        {"signatures": ["x"]},
        {"extensions": [""]},
    ],
)
def test_parts_are_checked(arguments: dict[str, Any]) -> None:
    """A value that could not be written does not come to be."""
    given: dict[str, Any] = {"origin": "a", "size": 1, "root": bytes(32)}
    with pytest.raises(errors.InvalidOption):
        Checkpoint(**given | arguments)


@pytest.mark.parametrize("parts", [("a", b"123", b"x"), ("a", b"1234", b"")])
def test_signatures_are_checked(parts: tuple[str, bytes, bytes]) -> None:
    """Four bytes of key id and something behind them."""
    with pytest.raises(errors.InvalidOption):
        NoteSignature(*parts)


# --- making and verifying -----------------------------------------------------------


def test_the_life_of_a_book(
    books: Any, signer: audit.Ed25519Signer, tmp_path: Path
) -> None:
    """Post, checkpoint, anchor, restart, redact, prove, and let a stranger verify."""
    anchor = audit.FileAnchor(tmp_path / "elsewhere.txt")
    first = audit.checkpoint(
        books.ledger, signers=[signer], anchors=[anchor], origin=ORIGIN
    )
    assert (first.origin, first.size) == (ORIGIN, 6)
    books.post("second", "Richard Roe")
    ledger = books.reopen()
    ledger.redact("second", field="description", basis="GDPR Art. 17(1)(a)")
    ledger.redact("first", field="postings.0.memo", basis="GDPR Art. 17(1)(a)")
    second = audit.checkpoint(ledger, signers=[signer], anchors=[anchor])
    assert audit.checkpoints(ledger) == (first, second)
    ledger = books.reopen()
    assert audit.read_checkpoints(anchor.path) == (first, second)

    leaves = [record.leaf for record in ledger.records()]
    proof = audit.consistency_proof(leaves[: second.size], first.size)
    assert audit.is_consistent(first.size, first.root, second.size, second.root, proof)
    assert ledger.verify(checkpoints=[second, first]).records == second.size + 1

    key = audit.read_key(str(signer.key))
    trusted = audit.verify_checkpoint(str(second), keys=[key])
    target = audit.export(ledger, tmp_path / "log.jsonl", checkpoint=trusted)
    found = audit.verify_export(target, keys=[key])
    assert (found.records, found.entries) == (second.size, 2)
    assert (found.texts, found.erased, found.withheld) == (3, 2, 0)

    position = ledger.record("first").position
    text = audit.prove(ledger, position, checkpoint=second)
    record = audit.verify_proof(text, keys=[key])
    assert (record.position, record.content["id"]) == (position, "first")
    assert record.texts == {"description": "Jane Roe"}


def test_repeating_it_changes_nothing(memory: Any, signer: audit.Ed25519Signer) -> None:
    """Until something is recorded, or somebody else is to sign."""
    ledger = memory.ledger
    first = audit.checkpoint(ledger, signers=[signer])
    assert audit.checkpoint(ledger, signers=[signer]) == first
    house = audit.HmacKey("house", bytes(32))
    second = audit.checkpoint(ledger, signers=[signer, house])
    assert second.size == first.size + 1
    assert audit.checkpoint(ledger, signers=[house]) == second
    memory.post("second")
    third = audit.checkpoint(ledger, signers=[house])
    assert third.size == second.size + 2
    assert audit.checkpoints(ledger) == (first, second, third)
    ledger.verify(checkpoints=audit.checkpoints(ledger))


def test_the_identity_of_a_log_is_its_own(
    memory: Any, signer: audit.Ed25519Signer
) -> None:
    """It follows from the first record, and stays, unless one is given at first."""
    ledger = memory.ledger
    [first, *_] = ledger.records()
    made = audit.checkpoint(ledger, signers=[signer])
    assert made.origin == f"backoffice-ledger/{first.leaf.hex()}"
    with pytest.raises(errors.InvalidOption, match="one identity"):
        audit.checkpoint(ledger, signers=[signer], origin=ORIGIN)
    other = bl.open_ledger(":memory:", actor="clerk")
    with pytest.raises(errors.VerificationFailed, match="is of log") as caught:
        other.verify(checkpoints=[made])
    assert caught.value.position is None


def test_what_is_new_is_read_page_by_page(
    memory: Any, signer: audit.Ed25519Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The root is that of all leaves, however many there are."""
    module = sys.modules["backoffice_ledger.audit._checkpoints"]
    monkeypatch.setattr(module, "LEAVES_AT_ONCE", 2)
    for number in range(5):
        memory.post(f"e{number}")
        made = audit.checkpoint(memory.ledger, signers=[signer])
        leaves = [record.leaf for record in memory.ledger.records()]
        assert made.root == audit.merkle_root(leaves[: made.size])


def test_two_that_make_one_at_a_time(
    memory: Any, signer: audit.Ed25519Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second begins again after the first."""
    audit.checkpoint(memory.ledger, signers=[signer])
    memory.post("second")
    rival = memory.open()
    house = audit.HmacKey("house", bytes(32))

    class Slow:
        """A signer before whom another process is done."""

        name, key_id = house.name, house.key_id
        calls = 0

        def sign(self, text: bytes) -> bytes:
            """Let the other one be first, once."""
            self.calls += 1
            if self.calls == 1:
                audit.checkpoint(rival, signers=[signer])
            return house.sign(text)

    slow = Slow()
    made = audit.checkpoint(memory.ledger, signers=[slow])
    assert slow.calls == 2
    found = audit.checkpoints(memory.ledger)
    assert [each.size for each in found][1:] == [made.size - 1, made.size]
    memory.ledger.verify(checkpoints=found)
    module = sys.modules["backoffice_ledger.audit._checkpoints"]
    monkeypatch.setattr(module, "ATTEMPTS", 0)
    slow.calls = 0
    memory.post("third")
    with pytest.raises(errors.DocumentConflict):
        audit.checkpoint(memory.ledger, signers=[slow])


def test_anchors_that_fail_keep_others_from_nothing(
    memory: Any, signer: audit.Ed25519Signer
) -> None:
    """The first error is raised at the end; the same call again publishes again."""
    seen: list[Checkpoint] = []

    def fail(_: Checkpoint) -> None:
        raise RuntimeError("no network")

    with pytest.raises(RuntimeError, match="no network"):
        audit.checkpoint(memory.ledger, signers=[signer], anchors=[fail, seen.append])
    made = audit.checkpoint(memory.ledger, signers=[signer], anchors=[seen.append])
    assert seen == [made, made]


def test_only_what_is_committed_is_signed(
    books: Any, signer: audit.Ed25519Signer
) -> None:
    """A transaction may be rolled back; what was published cannot."""

    def work() -> None:
        books.post("second")
        audit.checkpoint(books.ledger, signers=[signer])

    with pytest.raises(errors.StoreError, match="transaction is open"):
        books.ledger.atomically(work)
    assert audit.checkpoints(books.ledger) == ()


def test_arguments(memory: Any, signer: audit.Ed25519Signer) -> None:
    """What is no ledger, no signer, no anchor and no origin."""
    for arguments in (
        {"signers": []},
        {"signers": [signer.key]},
        {"signers": [signer], "anchors": ["file"]},
        {"signers": [signer], "origin": "a b"},
    ):
        with pytest.raises(errors.InvalidOption):
            audit.checkpoint(memory.ledger, **arguments)
    with pytest.raises(errors.InvalidOption, match="ledger"):
        audit.checkpoint(None, signers=[signer])  # type: ignore[arg-type]
    for given in (str(signer), [1]):
        with pytest.raises(errors.InvalidOption, match="checkpoints"):
            memory.ledger.verify(checkpoints=given)


def test_only_trusted_keys_count(memory: Any, signer: audit.Ed25519Signer) -> None:
    """Unknown signatures are passed over; one of a known key that fails is the end."""
    house = audit.HmacKey("house", bytes(32))
    made = audit.checkpoint(memory.ledger, signers=[signer, house], origin=ORIGIN)
    assert audit.verify_checkpoint(str(made), keys=[signer.key]) == made
    assert audit.verify_checkpoint(made, keys=[house], origin=ORIGIN) == made
    stranger = audit.HmacKey(ORIGIN, b"s" * 32)
    cases: list[tuple[Any, dict[str, Any], str]] = [
        (made, {"keys": [stranger]}, "no trusted key"),
        (made, {"keys": [house]}, "no key of this name"),
        (made, {"keys": [signer.key], "origin": "example.com/other"}, "not of"),
        (
            Checkpoint(made.origin, made.size + 1, made.root, made.signatures),
            {"keys": [signer.key]},
            "does not hold",
        ),
        (
            Checkpoint(made.origin, made.size, made.root),
            {"keys": [signer.key]},
            "no trusted key",
        ),
    ]
    for note, arguments, expected in cases:
        with pytest.raises(errors.VerificationFailed, match=expected):
            audit.verify_checkpoint(note, **arguments)
    with pytest.raises(errors.InvalidOption, match="at least one"):
        audit.verify_checkpoint(made, keys=[])


# --- what checkpoints detect -------------------------------------------------------


def _attack(path: Path, *statements: str) -> None:
    """Change a file behind the library's back, its triggers off."""
    with closing(sqlite3.connect(path)) as raw, raw:
        triggers = raw.execute(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"
        ).fetchall()
        for name, _ in triggers:
            raw.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            raw.execute(statement)
        for _, sql in triggers:
            raw.execute(sql)


def _book(path: Path, amount: str, *, more: int = 3) -> bl.Ledger:
    ledger = bl.open_ledger(path, actor="clerk", create=True, ids=lambda: "the book")
    for account, type_ in (("assets:bank", "asset"), ("equity:capital", "equity")):
        ledger.open_account(account, type=type_)
    for number in range(more):
        sides = [bl.debit("assets:bank", amount), bl.credit("equity:capital", amount)]
        ledger.post(bl.Entry(f"e{number}", date(2026, 1, 31), sides))
    return ledger


def test_a_tail_that_was_cut_off_is_missed(
    tmp_path: Path, signer: audit.Ed25519Signer
) -> None:
    """Consistently, with all that follows from it: only the checkpoint knows."""
    path = tmp_path / "books.db"
    with _book(path, "1.00 EUR") as ledger:
        made = audit.checkpoint(ledger, signers=[signer])
        last = made.size
    with _book(tmp_path / "short.db", "1.00 EUR", more=2) as short:
        records = len(list(short.records()))
    assert records == last - 1
    _attack(
        path,
        f"DELETE FROM bl_record WHERE position >= {last}",
        f"DELETE FROM bl_posting WHERE position >= {last}",
        "DELETE FROM bl_fact WHERE kind = 'document'",
        "DELETE FROM bl_document_index",
        "UPDATE bl_current SET debit_low = debit_low - 100, version = version - 1"
        " WHERE debit_low > 0",
        "UPDATE bl_current SET credit_low = credit_low - 100, version = version - 1"
        " WHERE credit_low > 0",
        "UPDATE bl_period_total SET debit_low = debit_low - 100 WHERE debit_low > 0",
        "UPDATE bl_period_total SET credit_low = credit_low - 100 WHERE credit_low > 0",
    )
    with bl.open_ledger(path, read_only=True) as ledger:
        assert ledger.verify().records == records
        with pytest.raises(errors.VerificationFailed, match="the log ends") as caught:
            ledger.verify(checkpoints=[made])
    assert caught.value.position == last


def test_a_rewritten_history_is_found_out(
    tmp_path: Path, signer: audit.Ed25519Signer
) -> None:
    """A book that was made anew is sound, and is not the one that was signed.

    Several checkpoints say between which of them it begins to differ.
    """
    with _book(tmp_path / "books.db", "1.00 EUR", more=1) as ledger:
        marks = [audit.checkpoint(ledger, signers=[signer], origin=ORIGIN)]
        for number in range(2):
            sides = [
                bl.debit("assets:bank", "1.00 EUR"),
                bl.credit("equity:capital", "1.00 EUR"),
            ]
            ledger.post(bl.Entry(f"more{number}", date(2026, 1, 31), sides))
            marks.append(audit.checkpoint(ledger, signers=[signer]))
        good = ledger.verify(checkpoints=marks[::-1])
        assert good.records == marks[-1].size + 1
        wrong = Checkpoint(ORIGIN, marks[1].size, bytes(32))
        with pytest.raises(errors.VerificationFailed) as caught:
            ledger.verify(checkpoints=[marks[0], wrong, marks[2]])
        first, last = marks[0].size + 1, marks[1].size
        assert f"records {first} to {last}" in caught.value.problems[0]
    with _book(tmp_path / "other.db", "9.00 EUR", more=9) as other:
        other.verify()
        with pytest.raises(errors.VerificationFailed, match="records 1 to"):
            other.verify(checkpoints=marks)


def test_a_false_checkpoint_in_the_book_is_named(memory: Any) -> None:
    """Its position is the bad one; documents of other shape are not ours to judge."""
    ledger = memory.ledger
    documents = ledger.documents
    documents.store(bl.Document(kept.KIND, "other", {"note": "of somebody else"}))
    ledger.verify()
    tree = audit.MerkleTree()
    for record in ledger.records():
        tree.append(record.leaf)
    for number, false in enumerate(
        [
            Checkpoint("a", tree.size, bytes(32)),
            Checkpoint("a", tree.size + 50, tree.root()),
        ]
    ):
        content = kept.checkpoint_content(false, tree)
        documents.store(bl.Document(kept.KIND, f"a{number}", content))
        position = list(ledger.records())[-1].position
        with pytest.raises(errors.VerificationFailed) as caught:
            ledger.verify()
        assert any(
            text.startswith(f"position {position}: the first {false.size} records")
            for text in caught.value.problems
        )


def test_a_checkpoint_is_not_continued_if_it_was_changed(memory: Any) -> None:
    """Those who sign do not sign what contradicts what they signed before."""
    ledger = memory.ledger
    house = audit.HmacKey("house", bytes(32))
    made = audit.checkpoint(ledger, signers=[house], origin="house")
    latest = ledger.documents.get(kept.KIND, "house")
    forged = audit.MerkleTree()
    for _ in range(made.size):
        forged.append(audit.leaf_hash(b"forged"))
    content = dict(
        kept.checkpoint_content(
            Checkpoint("house", made.size, forged.root(), made.signatures), forged
        )
    )
    ledger.documents.store(latest.revise(content))
    with pytest.raises(errors.VerificationFailed, match="not what house signed"):
        audit.checkpoint(ledger, signers=[house])
    for change in ({"parts": []}, {"root": "x"}, {"size": made.size + 1}):
        latest = ledger.documents.get(kept.KIND, "house")
        ledger.documents.store(latest.revise(content | change))
        with pytest.raises(errors.Corrupt):
            audit.checkpoint(ledger, signers=[house])


def test_what_is_kept_beside_the_log_may_be_unreadable(
    memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Verification says so; an error of the store stays what it is."""
    for error, expected in (
        (TypeError("no number"), errors.VerificationFailed),
        (errors.StorageFailure("no disk"), errors.StorageFailure),
    ):

        def fail(_: object, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(MemoryTransaction, "stored_totals", fail)
        with pytest.raises(expected, match=str(error.args[0])):
            memory.ledger.verify()


def test_a_log_with_holes_is_not_signed(
    tmp_path: Path, signer: audit.Ed25519Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor one that is shorter than the last checkpoint, nor one without positions."""
    path = tmp_path / "books.db"
    with _book(path, "1.00 EUR") as ledger:
        audit.checkpoint(ledger, signers=[signer])
        ledger.open_account("assets:more", type="asset")
        position = list(ledger.records())[-1].position
    _attack(path, f"UPDATE bl_record SET position = 50 WHERE position = {position}")
    with (
        bl.open_ledger(path, actor="clerk") as ledger,
        pytest.raises(errors.VerificationFailed, match="the log ends at 50"),
    ):
        audit.checkpoint(ledger, signers=[signer])
    book = bl.open_ledger(":memory:", actor="clerk")
    made = audit.checkpoint(book, signers=[signer])
    for size, error in (
        (made.size - 1, errors.VerificationFailed),
        (0, errors.StoreError),
    ):
        monkeypatch.setattr(MemoryTransaction, "size", lambda _, size=size: size)
        with pytest.raises(error):
            audit.checkpoint(book, signers=[signer])
