"""The commands that prove a book: what they print, and their exit codes."""

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

import backoffice_ledger as bl
from backoffice_ledger import audit
from backoffice_ledger.cli import main

NAME = "example.com/books"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with a book that has one entry."""
    monkeypatch.chdir(tmp_path)
    with bl.open_ledger("books.db", actor="clerk", create=True) as ledger:
        ledger.open_account("assets:bank", type="asset")
        ledger.open_account("equity:capital", type="equity")
        sides = [bl.debit("assets:bank", "1 EUR"), bl.credit("equity:capital", "1 EUR")]
        ledger.post(bl.Entry("one", date(2026, 1, 31), sides, description="Jane Roe"))
    return tmp_path


Print = pytest.CaptureFixture[str]


@pytest.fixture
def public(capsys: Print) -> str:
    """Return the public half of a new key, with a checkpoint made by it."""
    assert main(["keygen", NAME, "secret.key"]) == 0
    key = capsys.readouterr().out.strip()
    command = ["checkpoint", "books.db", "--actor", "auditor", "--key", "secret.key"]
    command += ["--origin", NAME, "--file", "anchor.txt", "--folder", "."]
    assert main(command) == 0
    assert capsys.readouterr().out.startswith(f"{NAME}\n6\n")
    return key


def test_a_key_is_made_once(public: str, folder: Path, capsys: Print) -> None:
    """The secret is for its owner only; the public half is printed."""
    secret = folder / "secret.key"
    assert secret.stat().st_mode & 0o777 == 0o600
    assert str(audit.read_key(secret.read_text())) == public
    assert main(["keygen", NAME, "secret.key"]) == 2
    assert "[book-exists]" in capsys.readouterr().err
    assert main(["keygen", NAME, "none/secret.key"]) == 2
    assert "[storage-failure]" in capsys.readouterr().err
    assert main(["keygen", NAME, "house.key", "--hmac"]) == 0
    assert capsys.readouterr().out == ""
    assert isinstance(audit.read_key((folder / "house.key").read_text()), audit.HmacKey)


def test_verify(public: str, capsys: Print) -> None:
    """0 if all is well; with checkpoints it says which records they hold."""
    assert main(["verify", "books.db"]) == 0
    assert "7 records, 1 entries" in capsys.readouterr().out
    command = ["verify", "books.db", "--checkpoint", "anchor.txt", "--key", public]
    assert main(command) == 0
    assert f"the first 6 records are those of {NAME}" in capsys.readouterr().out
    assert main([*command[:-1], "secret.key"]) == 0


@pytest.mark.parametrize(
    ("more", "code", "expected"),
    [
        (["--checkpoint", "anchor.txt"], 2, "who signed"),
        (["--checkpoint", "none", "--key", "secret.key"], 2, "[storage-failure]"),
        (["--key", "none"], 2, "[invalid-option]"),
        (["--key", "."], 2, "[storage-failure]"),
        (["--book", "none"], 2, "[book-not-found]"),
        (
            ["--checkpoint", "anchor.txt", "--key", "secret.key", "--origin", "x"],
            1,
            "not of x",
        ),
    ],
)
@pytest.mark.usefixtures("public")
def test_what_is_not_examined(
    more: list[str], code: int, expected: str, capsys: Print
) -> None:
    """2 if the question is wrong, 1 if the answer is no."""
    assert main(["verify", "books.db", *more]) == code
    assert expected in capsys.readouterr().err


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE bl_current SET debit_low = debit_low + 1",
        "DROP TRIGGER bl_record_update",
    ],
)
def test_books_that_do_not_verify(statement: str, capsys: Print) -> None:
    """1, with every problem on a line of its own."""
    with closing(sqlite3.connect("books.db")) as raw, raw:
        raw.execute(statement)
    assert main(["verify", "books.db"]) == 1
    assert "[" in capsys.readouterr().err


def test_export(public: str, folder: Path, capsys: Print) -> None:
    """Somebody who has nothing but the file and the key verifies it."""
    command = ["export", "books.db", "log.jsonl", "--checkpoint", "anchor.txt"]
    assert main(command) == 0
    assert f"6 records of {NAME}" in capsys.readouterr().out
    assert (
        main(["export", "books.db", "bare.jsonl", *command[3:], "--without-texts"]) == 0
    )
    assert "Jane Roe" in (folder / "log.jsonl").read_text()
    assert "Jane Roe" not in (folder / "bare.jsonl").read_text()
    capsys.readouterr()
    verify = ["verify-export", "log.jsonl", "--key", public]
    assert main(verify) == 0
    assert "verified: 6 records" in capsys.readouterr().out
    text = (folder / "log.jsonl").read_text()
    (folder / "log.jsonl").write_text(text.replace("1.00", "9.00", 1))
    assert main(verify) == 1
    assert "position 6" in capsys.readouterr().err
    (folder / "empty.txt").write_text("")
    command = ["export", "books.db", "x.jsonl", "--checkpoint", "empty.txt"]
    assert main(command) == 2
    assert "[invalid-option]" in capsys.readouterr().err


def test_prove(public: str, folder: Path, capsys: Print) -> None:
    """One record, without any other."""
    assert main(["prove", "books.db", "6", "--checkpoint", "anchor.txt"]) == 0
    (folder / "proof").write_text(capsys.readouterr().out)
    assert main(["verify-proof", "proof", "--key", public]) == 0
    assert capsys.readouterr().out == (
        f"verified: record 6 of {NAME}\nentry by clerk\ndescription: Jane Roe\n"
    )
    command = [
        "prove",
        "books.db",
        "6",
        "--checkpoint",
        "anchor.txt",
        "--without-texts",
    ]
    assert main(command) == 0
    assert len(capsys.readouterr().out) < len((folder / "proof").read_text())
