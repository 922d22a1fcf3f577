"""Exports and proofs: a stranger verifies them, and finds every change."""

import base64
import hashlib
import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger import audit, errors
from backoffice_ledger._engine.canonical import canonical_json

Signer = audit.Ed25519Signer


@pytest.fixture
def exported(memory: Any, signer: Signer, tmp_path: Path) -> Path:
    """Return an export with records of many types, and an erased text."""
    ledger = memory.ledger
    ledger.open_account("memo:custody", type="memorandum")
    ledger.documents.store(
        bl.Document("customer", "C1", {"name": "Roe", "tier": 1}, personal=["name"])
    )
    memory.post("second", "Richard Roe")
    ledger.redact("second", field="description", basis="GDPR Art. 17(1)(a)")
    ledger.reverse("second", date=memory.post("third").entry.date, reason="wrong")
    bad = bl.Entry(
        "bad",
        memory.post("fourth").entry.date,
        [bl.debit("assets:none", "1 EUR", memo="m"), bl.credit("x:y", "1 EUR")],
        description="no",
    )
    with pytest.raises(errors.UnknownAccount):
        ledger.post(bad, on_refusal="record")
    ledger.propose(
        bl.Entry("proposed", bad.date, memory.ledger.record("first").entry.postings)
    )
    made = audit.checkpoint(ledger, signers=[signer], origin=signer.name)
    return audit.export(ledger, tmp_path / "log.jsonl", checkpoint=made)


def test_a_stranger_needs_no_library(exported: Path) -> None:
    """Lines and SHA-256 give the root: the file is what its description says."""
    header, *lines, last = exported.read_bytes().splitlines()
    assert json.loads(header)["format"] == "backoffice-ledger-log"
    leaves, record = [], {}
    for line in lines:
        found = json.loads(line)
        if "opening" in found:
            opening = found["opening"]
            salted = bytes.fromhex(opening["salt"]) + opening["text"].encode()
            assert hashlib.sha256(salted).hexdigest() in str(record)
            continue
        record = found
        leaves.append(hashlib.sha256(b"\0" + line).digest())
    while len(leaves) > 1:  # RFC 6962: pairs, level by level; an odd one goes up
        pairs = [leaves[at : at + 2] for at in range(0, len(leaves), 2)]
        leaves = [
            hashlib.sha256(b"\1" + b"".join(pair)).digest() if pair[1:] else pair[0]
            for pair in pairs
        ]
    note = json.loads(last)["checkpoint"].splitlines()
    assert base64.b64decode(note[2]) == leaves[0]


def test_what_verification_says(exported: Path, signer: Signer) -> None:
    """How much was shown, and what not."""
    found = audit.verify_export(exported, keys=[signer.key])
    assert str(found) == (
        f"verified: {found.records} records of example.com/books, 5 entries, "
        f"9 texts shown, 1 erased, 0 withheld, root {found.checkpoint.root.hex()}"
    )


def test_texts_may_be_withheld(memory: Any, signer: Signer, tmp_path: Path) -> None:
    """What remains proves as much; so does an export from before an erasure."""
    made = audit.checkpoint(memory.ledger, signers=[signer], origin=signer.name)
    bare = audit.export(
        memory.ledger, tmp_path / "bare.jsonl", checkpoint=made, texts=False
    )
    assert b"Roe" not in bare.read_bytes()
    found = audit.verify_export(bare, keys=[signer.key])
    assert (found.texts, found.erased, found.withheld) == (0, 0, 3)
    memory.ledger.redact("first", field="description", basis="GDPR")
    later = audit.export(memory.ledger, tmp_path / "later.jsonl", checkpoint=made)
    found = audit.verify_export(later, keys=[signer.key])
    assert (found.texts, found.erased, found.withheld) == (2, 0, 1)


def test_any_change_of_a_file_is_found_out(
    exported: Path, signer: Signer, tmp_path: Path
) -> None:
    """A byte changed, a line gone, doubled, moved or added: at any place."""
    lines = exported.read_bytes().splitlines(keepends=True)
    draw = random.Random(0)
    forgeries = [lines[:at] + lines[at + 1 :] for at in range(len(lines))]
    forgeries += [[*lines[:at], lines[at], *lines[at:]] for at in range(len(lines))]
    for at in range(len(lines) - 1):
        forgeries.append([*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]])
        spot = draw.randrange(len(lines[at]))
        byte = bytes([lines[at][spot] ^ draw.choice([1, 2, 4, 8, 16, 32, 64, 128])])
        changed = lines[at][:spot] + byte + lines[at][spot + 1 :]
        forgeries.append([*lines[:at], changed, *lines[at + 1 :]])
    forged = tmp_path / "forged.jsonl"
    survived = []
    for number, forgery in enumerate(forgeries):
        forged.write_bytes(b"".join(forgery))
        try:
            audit.verify_export(forged, keys=[signer.key])
        except (errors.VerificationFailed, errors.InvalidOption):
            continue
        # An opening that is left out is withheld; nothing else may pass.
        gone = set(lines) - set(forgery)
        if not all(line.startswith(b'{"opening"') for line in gone) or not gone:
            survived.append(number)
    assert survived == []


def _edited(path: Path, target: Path, at: int, line: bytes | None) -> Path:
    lines = path.read_bytes().splitlines()
    lines[at : at + 1] = [] if line is None else [line]
    target.write_bytes(b"\n".join(lines) + b"\n")
    return target


CASES = {
    "spaces": (b'{ "actor"', b'{"actor"', "canonical"),
    "float": (b'"scale":2.5', b'"scale":2', "no number"),
    "unbalanced": (b'"amount":"0.02"', b'"amount":"0.01"', "differ by"),
    "account": (b'"account":"assets:none"', b'"account":"assets:bank"', "was opened"),
    "first": (b'"type":"journal"', b'"type":"book"', "not what a log"),
    "text": (b'"text":"X', b'"text":"J', "does not open"),
    "field": (b'"field":"memo', b'"field":"descr', "no text"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_is_said(
    name: str, exported: Path, signer: Signer, tmp_path: Path
) -> None:
    """With the position of the record."""
    new, old, expected = CASES[name]
    forged = tmp_path / "forged.jsonl"
    data = exported.read_bytes()
    assert old in data
    forged.write_bytes(data.replace(old, new, 1))
    with pytest.raises(errors.VerificationFailed, match=expected) as caught:
        audit.verify_export(forged, keys=[signer.key])
    assert caught.value.position is not None


def test_problems_are_counted(exported: Path, signer: Signer, tmp_path: Path) -> None:
    """The first hundred are kept."""
    forged = tmp_path / "forged.jsonl"
    lines = exported.read_bytes().splitlines()
    junk = [b"[1]"] * 150
    forged.write_bytes(b"\n".join([*lines[:2], *junk, *lines[2:]]) + b"\n")
    with pytest.raises(errors.VerificationFailed, match="99 more") as caught:
        audit.verify_export(forged, keys=[signer.key])
    assert len(caught.value.problems) == 100


def test_a_text_that_was_erased_must_not_show(
    memory: Any, signer: Signer, tmp_path: Path
) -> None:
    """Somebody kept it and put it back."""
    ledger = memory.ledger
    made = audit.checkpoint(ledger, signers=[signer], origin=signer.name)
    kept = audit.export(ledger, tmp_path / "before.jsonl", checkpoint=made)
    [opening] = [
        line
        for line in kept.read_bytes().splitlines()
        if b'Jane Roe"}' in line and b"description" in line
    ]
    ledger.redact("first", field="description", basis="GDPR")
    made = audit.checkpoint(ledger, signers=[signer])
    path = audit.export(ledger, tmp_path / "after.jsonl", checkpoint=made)
    lines = path.read_bytes().splitlines()
    [at] = [at for at, line in enumerate(lines) if b'"id":"first"' in line]
    forged = _edited(path, tmp_path / "forged.jsonl", at, lines[at] + b"\n" + opening)
    with pytest.raises(errors.VerificationFailed, match="was erased, and is shown"):
        audit.verify_export(forged, keys=[signer.key])


@pytest.mark.parametrize(
    ("at", "line", "expected"),
    [
        (0, b"", "is not a backoffice-ledger-log"),
        (0, b"\xff", "is not a backoffice-ledger-log"),
        (0, b"[" * 100_000, "is not a backoffice-ledger-log"),
        (-1, b"{}", "was cut off"),
        (-1, b'{"checkpoint":1}', "was cut off"),
    ],
)
def test_what_is_no_export(
    at: int, line: bytes, expected: str, exported: Path, signer: Signer, tmp_path: Path
) -> None:
    """A file of another kind, or a part of one."""
    length = len(exported.read_bytes().splitlines())
    forged = _edited(exported, tmp_path / "x", at % length, line)
    with pytest.raises(errors.VerificationFailed, match=expected):
        audit.verify_export(forged, keys=[signer.key])


def test_files_that_end_early(exported: Path, signer: Signer, tmp_path: Path) -> None:
    """In the middle of a line, after the header, or before it."""
    data = exported.read_bytes()
    forged = tmp_path / "x"
    for part in (data[:-1], data[: data.index(b"\n") + 1], b""):
        forged.write_bytes(part)
        with pytest.raises(errors.VerificationFailed):
            audit.verify_export(forged, keys=[signer.key])
    with pytest.raises(errors.StorageFailure):
        audit.verify_export(tmp_path / "none", keys=[signer.key])


def test_the_checkpoint_of_another_log(
    exported: Path, signer: Signer, tmp_path: Path
) -> None:
    """Signed by the same key, even under the same name: the records are not its."""
    other = bl.open_ledger(":memory:", actor="clerk")
    for number in range(9):
        other.open_account(f"assets:a{number}", type="asset")
    lines = exported.read_bytes().splitlines()
    for origin in (signer.name, None):
        book = bl.open_ledger(":memory:", actor="clerk")
        made = audit.checkpoint(book, signers=[signer], origin=origin)
        forged = tmp_path / "forged.jsonl"
        last = canonical_json({"checkpoint": str(made)}).encode()
        forged.write_bytes(b"\n".join([*lines[:-1], last]) + b"\n")
        with pytest.raises(errors.VerificationFailed, match="records"):
            audit.verify_export(forged, keys=[signer.key], origin=made.origin)
    # A log that signs what is not its own under its own name
    root = audit.MerkleTree()
    for line in lines[1:-1]:
        if not line.startswith(b'{"opening"'):
            root.append(audit.leaf_hash(line))
    false = audit.Checkpoint("backoffice-ledger/ff", root.size, root.root())
    false = false.signed(
        [
            audit.NoteSignature(
                signer.name, signer.key_id, signer.sign(false.text.encode())
            )
        ]
    )
    last = canonical_json({"checkpoint": str(false)}).encode()
    forged.write_bytes(b"\n".join([*lines[:-1], last]) + b"\n")
    with pytest.raises(errors.VerificationFailed, match="is of log"):
        audit.verify_export(forged, keys=[signer.key], origin="backoffice-ledger/ff")


def test_only_the_log_of_the_checkpoint_is_exported(
    memory: Any, signer: Signer, tmp_path: Path
) -> None:
    """Otherwise there is no file; nor is one overwritten."""
    ledger = memory.ledger
    made = audit.checkpoint(ledger, signers=[signer], origin=signer.name)
    for false in (
        audit.Checkpoint(signer.name, made.size, bytes(32)),
        audit.Checkpoint(signer.name, made.size + 99, made.root),
    ):
        with pytest.raises(errors.VerificationFailed):
            audit.export(ledger, tmp_path / "x", checkpoint=false)
        with pytest.raises(errors.VerificationFailed):
            audit.prove(ledger, 1, checkpoint=false)
    assert list(tmp_path.iterdir()) == []
    audit.export(ledger, tmp_path / "x", checkpoint=made)
    with pytest.raises(errors.BookExists):
        audit.export(ledger, tmp_path / "x", checkpoint=made)
    with pytest.raises(errors.StorageFailure):
        audit.export(ledger, tmp_path / "none" / "x", checkpoint=made)
    for call in (audit.export, audit.prove):
        with pytest.raises(errors.InvalidOption, match="checkpoint"):
            call(ledger, 1 if call is audit.prove else "y", checkpoint=str(made))  # type: ignore[arg-type]
    with pytest.raises(errors.UnknownRecord):
        audit.prove(ledger, made.size + 1, checkpoint=made)


def test_every_record_can_be_proved(memory: Any, signer: Signer) -> None:
    """With its texts or without them, and without any other record."""
    made = audit.checkpoint(memory.ledger, signers=[signer], origin=signer.name)
    for record in list(memory.ledger.records())[: made.size]:
        for texts in (True, False):
            text = audit.prove(
                memory.ledger, record.position, checkpoint=made, texts=texts
            )
            assert text.startswith("c2sp.org/tlog-proof@v1\nextra ")
            found = audit.verify_proof(text, keys=[signer.key])
            assert (found.position, found.record_type) == (record.position, record.type)
            assert found.actor == record.actor
            if record.type != "entry":
                assert found.content == record.content
            assert bool(found.texts) <= texts


def test_a_forged_proof_fails(memory: Any, signer: Signer) -> None:
    """Another record, another place, another text, another path, no proof at all."""
    made = audit.checkpoint(memory.ledger, signers=[signer], origin=signer.name)
    text = audit.prove(memory.ledger, 6, checkpoint=made)
    title, extra, index, *path = text.partition("\n\n")[0].split("\n")
    note = f"\n\n{made}"
    shown = base64.b64decode(extra.removeprefix("extra "))

    def forged(data: bytes) -> str:
        return f"extra {base64.b64encode(data).decode()}"

    def build(*lines: str) -> str:
        return "\n".join(lines) + note

    assert build(title, extra, index, *path) == text
    for lines in (
        (title, forged(shown.replace(b"0.01", b"9.99")), index, *path),
        (title, forged(shown.replace(b"Jane", b"Joan")), index, *path),
        (title, forged(shown + b"\n" + shown.split(b"\n")[-1]), index, *path),
        (title, extra, "index 4", *path),
        (title, extra, "index 99", *path),
        (title, extra, index, *reversed(path)),
        (title, extra, index),
    ):
        with pytest.raises(errors.VerificationFailed):
            audit.verify_proof(build(*lines), keys=[signer.key])
    for bad in (
        build(title),
        build("c2sp.org/tlog-proof@v2", extra, index, *path),
        build(title, index, extra, *path),
        build(title, extra, "index -1", *path),
        build(title, extra, index, "!"),
        None,
    ):
        with pytest.raises(errors.InvalidOption):
            audit.verify_proof(bad, keys=[signer.key])  # type: ignore[arg-type]


def test_a_record_that_makes_no_sense_is_not_proved(signer: Signer) -> None:
    """Even if somebody signs it."""
    line = b'{"actor":1}'
    root = audit.leaf_hash(line)
    bare = audit.Checkpoint(signer.name, 1, root)
    made = bare.signed(
        [
            audit.NoteSignature(
                signer.name, signer.key_id, signer.sign(bare.text.encode())
            )
        ]
    )
    extra = base64.b64encode(line).decode()
    text = f"c2sp.org/tlog-proof@v1\nextra {extra}\nindex 0\n\n{made}"
    with pytest.raises(errors.VerificationFailed, match="makes no sense"):
        audit.verify_proof(text, keys=[signer.key])


def test_salts_that_are_too_short_hide_nothing(
    memory: Any, signer: Signer, tmp_path: Path
) -> None:
    """An opening with one is refused, even if it fits."""
    made = audit.checkpoint(memory.ledger, signers=[signer], origin=signer.name)
    path = audit.export(memory.ledger, tmp_path / "x", checkpoint=made)
    lines = path.read_bytes().splitlines()
    [at, *_] = [at for at, line in enumerate(lines) if line.startswith(b'{"opening"')]
    opening = json.loads(lines[at])["opening"] | {"salt": "00"}
    forged = _edited(
        path, tmp_path / "y", at, canonical_json({"opening": opening}).encode()
    )
    with pytest.raises(errors.VerificationFailed, match="does not open"):
        audit.verify_export(forged, keys=[signer.key])
    shutil.rmtree(tmp_path)
