"""The book itself: its beginning, its manifest, its chart."""

from datetime import date
from typing import Any

import attrs

from backoffice_ledger._engine.canonical import FORMAT_VERSION
from backoffice_ledger._engine.commands import (
    ChangeAccount,
    CloseAccount,
    DeclareDimension,
    OpenAccount,
    OpenBook,
    OpenJournal,
    RequireControls,
)
from backoffice_ledger._engine.hold_records import expire_due
from backoffice_ledger._engine.limits import limits_content, limits_from_content
from backoffice_ledger._engine.stamp import Stamp
from backoffice_ledger._engine.state import Fact, Outcome, State
from backoffice_ledger._model.account import Account, ancestors
from backoffice_ledger._model.entry import DEFAULT_JOURNAL
from backoffice_ledger._model.posting import Side
from backoffice_ledger.errors import (
    AccountConflict,
    AccountNotEmpty,
    CommodityRefused,
    InvalidOption,
    UnknownAccount,
)


def open_book(state: State, command: OpenBook, stamp: Stamp) -> Outcome:  # noqa: ARG001
    """Begin the log, with the general journal; a book begins once."""
    outcome = Outcome()
    content = {"format": FORMAT_VERSION, "name": command.name, "uid": command.uid}
    outcome.add(stamp.record("book", command.name, content, [("book", "")]))
    journal = {"name": DEFAULT_JOURNAL}
    outcome.add(
        stamp.record(
            "journal", DEFAULT_JOURNAL, journal, [("journal", DEFAULT_JOURNAL)]
        )
    )
    return outcome


def require_controls(state: State, command: RequireControls, stamp: Stamp) -> Outcome:
    """Record each control that the manifest does not name yet in its version."""
    outcome = Outcome()
    for name in sorted(command.controls):
        id_, _, version = name.rpartition("@")
        fact = state.fact("control", id_)
        if fact is None or fact.content["version"] != version:
            content = {"id": id_, "version": version}
            outcome.add(stamp.record("control", id_, content, [("control", id_)]))
    return outcome


def account_content(account: Account) -> dict[str, Any]:
    """Return the recorded form of an account; its label is kept apart."""
    content: dict[str, Any] = {"path": account.path, "type": account.type.value}
    if account.commodities is not None:
        content["commodities"] = sorted(account.commodities)
    if account.opened is not None:
        content["opened"] = account.opened.isoformat()
    if account.closed is not None:
        content["closed"] = account.closed.isoformat()
    if account.attributes:
        content["attributes"] = dict(account.attributes)
    if account.limits:
        content["limits"] = limits_content(account.limits)
    return content


def account_from_fact(fact: Fact) -> Account:
    """Return the account that a fact records."""
    content = fact.content
    opened, closed = content.get("opened"), content.get("closed")
    label = fact.texts.get("label")
    return Account(
        content["path"],
        content["type"],
        commodities=content.get("commodities"),
        label=None if label is None else label[1],
        opened=date.fromisoformat(opened) if opened else None,
        closed=date.fromisoformat(closed) if closed else None,
        attributes=content.get("attributes"),
        limits=limits_from_content(content),
    )


def _check_limits(state: State, account: Account) -> None:
    """Refuse limits in another scale than the one that the book counts with."""
    for code, limit in account.limits.items():
        known = state.fact("commodity", code)
        if known is not None and known.content["scale"] != limit.commodity.scale:
            raise CommodityRefused(
                f"the book counts {code} with another scale",
                field="limits",
                expected=f"scale {known.content['scale']}",
                found=limit.commodity.scale,
            )


def _record_account(outcome: Outcome, account: Account, stamp: Stamp) -> Outcome:
    texts = {} if account.label is None else {"label": account.label}
    outcome.add(
        stamp.record(
            "account",
            account.path,
            account_content(account),
            [("account", account.path)],
            texts,
        )
    )
    return outcome


def open_account(state: State, command: OpenAccount, stamp: Stamp) -> Outcome:
    """Add an account; opening the same one again changes nothing."""
    account = command.account
    fact = state.fact("account", account.path)
    if fact is not None:
        difference = _first_difference(account_from_fact(fact), account)
        if difference is not None and difference not in fact.erased:
            raise AccountConflict(
                "exists with other properties; ledger.accounts.change() changes them",
                field=difference,
                found=account.path,
            )
        return Outcome(results=[fact])
    relatives: list[tuple[str, Fact | None]] = [
        (path, state.fact("account", path)) for path in ancestors(account.path)
    ]
    relatives += state.of_kind("account", account.path + ":").items()
    for path, relative in relatives:
        if relative is not None and relative.content["type"] != account.type.value:
            raise AccountConflict(
                "accounts above and below each other are of one type",
                field="type",
                expected=f"{relative.content['type']}, as {path}",
                found=account.type.value,
            )
    _check_limits(state, account)
    return _record_account(Outcome(), account, stamp)


def _first_difference(old: Account, new: Account) -> str | None:
    """Return the first property in which they differ, the label last."""
    for name in (
        "type",
        "commodities",
        "opened",
        "closed",
        "attributes",
        "limits",
        "label",
    ):
        if getattr(old, name) != getattr(new, name):
            return name
    return None


def change_account(state: State, command: ChangeAccount, stamp: Stamp) -> Outcome:
    """Replace an account's properties; its path and type stay."""
    account = command.account
    fact = _known_account(state, account.path)
    old = account_from_fact(fact)
    if old == account:
        return Outcome(results=[fact])
    _check_limits(state, account)
    return _record_account(Outcome(), account, stamp)


def _known_account(state: State, path: str) -> Fact:
    fact = state.fact("account", path)
    if fact is None:
        raise UnknownAccount(field="account", found=path)
    return fact


def close_account(state: State, command: CloseAccount, stamp: Stamp) -> Outcome:
    """Let an account take nothing after a day."""
    fact = _known_account(state, command.path)
    account = account_from_fact(fact)
    if account.closed == command.on:
        return Outcome(results=[fact])
    activity = state.activity[command.path]
    if activity.balance:
        is_debit = account.normal_side is Side.DEBIT
        raise AccountNotEmpty(
            field="account",
            expected=f"a balance of zero in {command.path}",
            found=str(activity.balance if is_debit else -activity.balance),
        )
    if activity.last_date is not None and activity.last_date > command.on:
        raise AccountNotEmpty(
            f"{command.path} has postings after that day",
            field="on",
            expected=f"{activity.last_date} or later",
            found=command.on,
        )
    outcome = Outcome()
    expire_due(state, outcome, stamp)
    cells = state.cells[command.path].values()
    if any(cell.pending_debit or cell.pending_credit for cell in cells):
        raise AccountNotEmpty(
            f"{command.path} has open holds", field="account", expected="no open holds"
        )
    closed = attrs.evolve(
        account, closed=command.on, limits=tuple(account.limits.values())
    )
    return _record_account(outcome, closed, stamp)


def open_journal(state: State, command: OpenJournal, stamp: Stamp) -> Outcome:
    """Begin a journal; opening it again changes nothing, but may give it a class."""
    journal = command.journal
    fact = state.fact("journal", journal.name)
    known = None if fact is None else fact.content.get("class")
    if fact is not None and journal.journal_class in (None, known):
        return Outcome(results=[fact])
    if known is not None:
        raise InvalidOption(
            f"{journal.name} has a class already",
            field="journal_class",
            expected=known,
            found=journal.journal_class,
        )
    outcome = Outcome()
    content = {"name": journal.name}
    if journal.journal_class is not None:
        content["class"] = journal.journal_class
    texts = {"description": journal.description} if journal.description else {}
    if fact is not None:
        texts = {name: text for name, (_, text) in fact.texts.items()}
    outcome.add(
        stamp.record(
            "journal", journal.name, content, [("journal", journal.name)], texts
        )
    )
    return outcome


def declare_dimension(state: State, command: DeclareDimension, stamp: Stamp) -> Outcome:
    """Allow a dimension; declaring it again changes nothing."""
    fact = state.fact("dimension", command.name)
    if fact is not None:
        return Outcome(results=[fact])
    outcome = Outcome()
    content = {"name": command.name}
    outcome.add(
        stamp.record("dimension", command.name, content, [("dimension", command.name)])
    )
    return outcome
