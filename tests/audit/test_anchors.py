"""Anchors: what was published stays, and what contradicts it is refused."""

from pathlib import Path

import pytest

from backoffice_ledger import audit, errors
from backoffice_ledger.audit import Checkpoint, NoteSignature

SIGNED = [NoteSignature("a", b"1234", b"signature")]
ONE = Checkpoint("a", 1, bytes(32), SIGNED)
TWO = Checkpoint("a", 2, bytes(32), SIGNED)
OTHER = Checkpoint("b", 1, b"r" * 32, SIGNED, extensions=["more"])


def test_a_file_grows(tmp_path: Path) -> None:
    """One after the other, each once, of several logs; nothing is written again."""
    anchor = audit.FileAnchor(tmp_path / "anchor.txt")
    for checkpoint in (ONE, ONE, OTHER, TWO, TWO):
        before = anchor.path.read_bytes() if anchor.path.exists() else b""
        anchor(checkpoint)
        assert anchor.path.read_bytes().startswith(before)
    assert audit.read_checkpoints(anchor.path) == (ONE, OTHER, TWO)
    assert audit.read_checkpoints(str(anchor.path))[0] == ONE


def test_a_single_note_is_read_too(tmp_path: Path) -> None:
    """With an empty line at its end or without; an empty file holds none."""
    path = tmp_path / "note"
    for text in (str(ONE), f"{ONE}\n", f"\n\n{ONE}\n\n"):
        path.write_text(text, encoding="utf-8")
        assert audit.read_checkpoints(path) == (ONE,)
    path.write_text("", encoding="utf-8")
    assert audit.read_checkpoints(path) == ()
    path.write_text("a\n1\n", encoding="utf-8")
    with pytest.raises(errors.InvalidOption):
        audit.read_checkpoints(path)


def test_a_folder_fills(tmp_path: Path) -> None:
    """Each in a file of its own that nobody may write."""
    anchor = audit.FolderAnchor(tmp_path)
    for checkpoint in (ONE, ONE, OTHER, TWO):
        anchor(checkpoint)
    files = sorted(tmp_path.iterdir())
    found = [audit.read_checkpoints(file) for file in files]
    assert sorted(found, key=str) == sorted([(ONE,), (OTHER,), (TWO,)], key=str)
    assert {file.stat().st_mode & 0o777 for file in files} == {0o444}
    witnessed = ONE.signed([NoteSignature("w", b"1234", b"x")])
    assert len(witnessed.signatures) == 2
    with pytest.raises(errors.VerificationFailed, match="had 2 records, now 1"):
        anchor(witnessed)


@pytest.mark.parametrize("kind", [audit.FileAnchor, audit.FolderAnchor])
def test_what_contradicts_is_refused(
    kind: type[audit.FileAnchor], tmp_path: Path
) -> None:
    """A log that became shorter, or that had another root at the same size."""
    path = tmp_path if kind is audit.FolderAnchor else tmp_path / "file"
    anchor = kind(path)
    anchor(TWO)
    forged = Checkpoint("a", 2, b"r" * 32, SIGNED)
    for checkpoint, expected in ((ONE, "now 1"), (forged, "another root")):
        with pytest.raises(errors.VerificationFailed, match=expected):
            anchor(checkpoint)
    renewed = TWO.signed([NoteSignature("new", b"1234", b"x")])
    anchor(renewed)


def test_what_cannot_be_written(tmp_path: Path) -> None:
    """The error of the system, as one of ours."""
    for place in (tmp_path, tmp_path / "none" / "file"):
        with pytest.raises(errors.StorageFailure):
            audit.FileAnchor(place)(ONE)
    with pytest.raises(errors.StorageFailure):
        audit.FolderAnchor(tmp_path / "none")(ONE)
    with pytest.raises(errors.StorageFailure):
        audit.read_checkpoints(tmp_path / "none")
    with pytest.raises(errors.InvalidOption):
        audit.FileAnchor("")
