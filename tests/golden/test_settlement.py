"""Trades and instructions as documents keep them, for ever.

Nothing here may ever be changed to make a test pass: books hold such documents.
"""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.settlement import _instruction, _life, _status, _trade

FOLDER = Path(__file__).parent


@pytest.fixture(scope="module")
def kept() -> list[dict[str, Any]]:
    """Return the documents of then."""
    return json.loads((FOLDER / "settlement.json").read_text(encoding="utf-8"))


def test_the_same_steps_give_the_same_documents(kept: list[dict[str, Any]]) -> None:
    """Byte for byte, as JSON writes them; what they are found by came with format 3.

    Since then a second instruction goes where the first one went.
    """
    made = runpy.run_path(str(FOLDER / "make_settlement.py"))["make"]()
    for document in made:
        document.pop("index", None)
        if (document["kind"], document["id"]) == (_instruction.KIND, "I-2"):
            assert document["content"].pop("depository") == "DTC"
    assert json.dumps(made, sort_keys=True) == json.dumps(kept, sort_keys=True)


def test_every_document_is_read_and_written_as_it_was(
    kept: list[dict[str, Any]],
) -> None:
    """Whatever the release: what was stored is understood."""
    found = [
        bl.Document(row["kind"], row["id"], row["content"], version=row["version"])
        for row in kept
    ]
    terms = {
        document.id: _instruction.from_document(document)
        for document in found
        if document.kind == _instruction.KIND
    }
    seen = set()
    for document in found:
        seen.add(document.kind)
        match document.kind:
            case _trade.KIND:
                again = _trade.to_document(_trade.from_document(document))
            case _life.KIND:
                again = _life.to_document(_life.from_document(document))
            case _instruction.KIND:
                again = _instruction.to_document(terms[document.id])
            case _:
                status = _status.from_document(document, terms[document.id])
                again = _status.to_document(status)
        assert again == document
    assert seen == {_trade.KIND, _life.KIND, _instruction.KIND, _status.KIND}
