"""What commands other than postings do, as effects that can be shown and voted on.

The effect of a command is what it would append to the log.  It says all that there is
to say: the command can be read back from it.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import attrs

from backoffice_ledger._engine.book import account_from_fact
from backoffice_ledger._engine.commands import (
    Action,
    AllowException,
    ChangeAccount,
    CloseAccount,
    DeclareDimension,
    OpenAccount,
    OpenJournal,
    Redact,
    RequireControls,
    RevokeException,
    SetPeriods,
    StoreDocument,
    UseCalendar,
)
from backoffice_ledger._engine.contents import EFFECT_TEXT, optional_date
from backoffice_ledger._engine.documents import document_from_fact
from backoffice_ledger._engine.periods import expanded
from backoffice_ledger._engine.state import Fact, NewRecord, State
from backoffice_ledger._model.account import Account
from backoffice_ledger._model.dates import instant_to_microseconds
from backoffice_ledger._model.document import stored_json
from backoffice_ledger._model.period import PeriodState
from backoffice_ledger._model.proposal import Effect
from backoffice_ledger._model.record import Journal
from backoffice_ledger._model.text import FrozenMapping
from backoffice_ledger.calendars import SuccessiveCalendars, calendar_from_content

_PERIOD_ACTIONS: Final = {
    PeriodState.FUTURE: "postpone-period",
    PeriodState.OPEN: "reopen-period",
    PeriodState.ADJUSTING: "adjust-period",
    PeriodState.CLOSED: "close-period",
    PeriodState.LOCKED: "lock-period",
}

_ACTIONS: Final[Mapping[type, str]] = {
    OpenAccount: "open-account",
    ChangeAccount: "change-account",
    CloseAccount: "close-account",
    OpenJournal: "open-journal",
    DeclareDimension: "declare-dimension",
    StoreDocument: "store-document",
    Redact: "redact",
    RequireControls: "require-controls",
    UseCalendar: "use-calendar",
    AllowException: "allow-exception",
    RevokeException: "revoke-exception",
}

EFFECT_TYPES: Final = frozenset(
    {
        "account",
        "calendar",
        "control",
        "dimension",
        "document",
        "exception",
        "journal",
        "period",
        "redaction",
    }
)
"""Types of records that an action is about; others, such as holds that expire, come
with it at any time.
"""


def action_of(command: Action) -> str:
    """Return the name of what a command does."""
    if isinstance(command, SetPeriods):
        return _PERIOD_ACTIONS[command.state]
    return _ACTIONS[type(command)]


def effect_of(records: Iterable[NewRecord]) -> tuple[Effect, ...]:
    """Return the effect that new records amount to."""
    return tuple(
        Effect(
            record.type,
            record.id,
            stored_json(record.parsed()),
            FrozenMapping((name, text) for name, _, text in record.texts),
        )
        for record in records
        if record.type in EFFECT_TYPES
    )


def effect_content(effect: Iterable[Effect]) -> tuple[dict[str, Any], ...]:
    """Return the recorded form of an effect; its texts are kept apart."""
    return tuple(
        {"content": each.content, "id": each.id, "type": each.record_type}
        for each in effect
    )


def effect_from_fact(fact: Fact) -> tuple[Effect, ...]:
    """Return the effect that a proposal records, none for an entry.

    Erased texts are missing.
    """
    if "effect" not in fact.content:
        return ()
    texts: dict[int, dict[str, str]] = {}
    for field, (_, text) in fact.texts.items():
        index, name = _place(field)
        texts.setdefault(index, {})[name] = text
    return tuple(
        Effect(
            each["type"],
            each["id"],
            stored_json(each["content"]),
            FrozenMapping(texts.get(index, {}).items()),
        )
        for index, each in enumerate(fact.content["effect"])
    )


def _place(field: str) -> tuple[int, str]:
    index, _, name = field.removeprefix(EFFECT_TEXT).partition(".")
    return int(index), name


def _fact(effect: Effect) -> Fact:
    texts = {name: (b"", text) for name, text in effect.texts.items()}
    return Fact(0, "", 0, effect.content, texts)


def _account(effect: tuple[Effect, ...]) -> Account:
    return account_from_fact(_fact(effect[0]))


def _close_account(effect: tuple[Effect, ...]) -> CloseAccount:
    content = effect[0].content
    on = optional_date(content["closed"])
    assert on is not None  # noqa: S101  (for type checkers)
    return CloseAccount(content["path"], on)


def _journal(effect: tuple[Effect, ...]) -> OpenJournal:
    texts = effect[0].texts
    content = effect[0].content
    return OpenJournal(
        Journal(content["name"], texts.get("description", ""), content.get("class"))
    )


def _periods(effect: tuple[Effect, ...]) -> SetPeriods:
    content = effect[0].content
    return SetPeriods(
        tuple(each.content["name"] for each in effect),
        PeriodState(content["state"]),
        content["journal"],
        content.get("journal_class"),
        effect[0].texts.get("reason", ""),
    )


def _calendar(effect: tuple[Effect, ...]) -> UseCalendar:
    content = effect[0].content
    calendar = calendar_from_content(content["calendar"])
    since = optional_date(content["since"])
    if since is not None:  # the record holds what there was before, too
        assert isinstance(calendar, SuccessiveCalendars)  # noqa: S101
        calendar = calendar.changes[-1][1]
    return UseCalendar(calendar, since, effect[0].texts.get("reason", ""))


def _exception(effect: tuple[Effect, ...]) -> AllowException:
    content = effect[0].content
    until = datetime.fromisoformat(content["until"])
    return AllowException(
        content["id"],
        content["name"],
        tuple(content["actors"]),
        instant_to_microseconds(until, "until"),
        effect[0].texts.get("reason", ""),
        content.get("journal"),
        content.get("journal_class"),
    )


def _revocation(effect: tuple[Effect, ...]) -> RevokeException:
    return RevokeException(
        effect[0].content["id"], effect[0].texts.get("revocation", "")
    )


def _redact(effect: tuple[Effect, ...]) -> Redact:
    content = effect[0].content
    return Redact(
        content["type"], content["record"], content["field"], content["basis"]
    )


_COMMANDS: Final[Mapping[str, Callable[[tuple[Effect, ...]], Action]]] = {
    "open-account": lambda effect: OpenAccount(_account(effect)),
    "change-account": lambda effect: ChangeAccount(_account(effect)),
    "close-account": _close_account,
    "open-journal": _journal,
    "declare-dimension": lambda effect: DeclareDimension(effect[0].content["name"]),
    "store-document": lambda effect: StoreDocument(
        document_from_fact(_fact(effect[0]))
    ),
    "redact": _redact,
    "use-calendar": _calendar,
    "allow-exception": _exception,
    "revoke-exception": _revocation,
    **dict.fromkeys(_PERIOD_ACTIONS.values(), _periods),
}

ACTIONS: Final = frozenset(_COMMANDS)
"""The names of everything that can be proposed besides entries."""


def command_of(action: str, effect: tuple[Effect, ...]) -> Action:
    """Return the command that has an effect."""
    return _COMMANDS[action](effect)


def is_same(state: State, asked: Action, proposed: Action) -> bool:
    """Whether *asked* is what was proposed, which names only what changes."""
    if isinstance(asked, SetPeriods) and isinstance(proposed, SetPeriods):
        names = expanded(state, asked)
        return attrs.evolve(asked, names=proposed.names) == proposed and (
            set(proposed.names) <= set(names)
        )
    return asked == proposed
