"""Reading canonical content back into the values that it came from."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from backoffice_ledger._engine.canonical import memo_field
from backoffice_ledger._engine.erasure import ENTRY_TYPES
from backoffice_ledger._model.amount import Amount
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger._model.entry import Entry
from backoffice_ledger._model.posting import Posting, Side

EFFECT_TEXT: Final = "effect."
"""Prefix of the names under which a proposal commits to the texts of its effect."""


def optional_date(text: str | None) -> date | None:
    """Return the date of an ISO text, or None."""
    return None if text is None else date.fromisoformat(text)


def amount_from_text(number: str, code: str) -> Amount:
    """Return the amount of its canonical number, which shows the scale."""
    scale = len(number.partition(".")[2])
    return Amount.from_minor(int(number.replace(".", "")), Commodity(code, scale))


def posting_from_content(content: Mapping[str, Any], memo: str | None) -> Posting:
    """Return the posting of its canonical form."""
    return Posting(
        content["account"],
        Side(content["side"]),
        amount_from_text(content["amount"], content["commodity"]),
        value_date=optional_date(content.get("value_date")),
        memo=memo,
        dimensions=content.get("dimensions"),
    )


def entry_from_content(content: Mapping[str, Any], texts: Mapping[str, str]) -> Entry:
    """Return the entry of its canonical form and its texts by name."""
    return Entry(
        content["id"],
        date.fromisoformat(content["date"]),
        [
            posting_from_content(posting, texts.get(memo_field(line)))
            for line, posting in enumerate(content["postings"])
        ],
        description=texts.get("description", ""),
        kind=content["kind"],
        journal=content["journal"],
        document_number=content.get("document_number"),
        document_date=optional_date(content.get("document_date")),
        economic_date=optional_date(content.get("economic_date")),
        references=content.get("references", ()),
        rule=content.get("rule"),
    )


def commitments_of(type_: str, content: Mapping[str, Any]) -> dict[str, str]:
    """Return the commitments in the content of a record, by the names of the texts."""
    if type_ not in ENTRY_TYPES:
        return dict(content.get("texts", {}))
    if "effect" in content:
        return _effect_commitments(content)
    entry = content["entry"] if type_ == "refusal" else content
    committed = {
        memo_field(line): posting["memo"]
        for line, posting in enumerate(entry["postings"])
        if "memo" in posting
    }
    if "description" in entry:
        committed["description"] = entry["description"]
    return committed


def text_field(index: int, name: str) -> str:
    """Return the name under which a proposal commits to a text of its effect."""
    return f"{EFFECT_TEXT}{index}.{name}"


def _effect_commitments(content: Mapping[str, Any]) -> dict[str, str]:
    """Return the commitments in a recorded proposal of an action, by name."""
    return {
        text_field(index, name): commitment
        for index, each in enumerate(content["effect"])
        for name, commitment in each["content"].get("texts", {}).items()
    }
