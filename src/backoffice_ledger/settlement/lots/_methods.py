"""Which method picks lots, since when: kept in the book as documents."""

import datetime
from collections.abc import Iterable, Mapping
from itertools import takewhile
from typing import Final, cast, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_choice, check_date
from backoffice_ledger.errors import InvalidOption, UnknownRecord
from backoffice_ledger.settlement.lots._checks import check_name
from backoffice_ledger.settlement.lots._pool import Method

KIND: Final = "lot-method"
DEFAULT_METHOD: Final[Method] = "fifo"


@final
@attrs.frozen(order=False)
class LotMethods:
    """The methods by which an owner's sales pick lots, as a book keeps them.

    A method is chosen for all instruments of an owner or for one of them, from a day
    on.  Each choice is a version of a document; nothing is ever overwritten.

    Args:
        ledger: the book.
    """

    ledger: bl.Ledger

    def choose(
        self,
        method: Method,
        *,
        since: datetime.date,
        owner: str = "firm",
        instrument: str | None = None,
    ) -> bl.Document:
        """Choose a method from a day on; repeating the last choice changes nothing.

        Args:
            method: ``fifo``, ``lifo``, ``hifo``, ``average`` or ``specific``.
            since: the first trade date for which it is valid.
            owner: whose sales.
            instrument: the code of an instrument; None is all for which nothing else
                is chosen.

        Raises:
            InvalidOption: no such method, or a day that is not after the last choice.
            InvalidDate, InvalidIdentifier: an argument is malformed.
            DocumentConflict: somebody else chose meanwhile.
        """
        check_choice(method, Method, "method")
        check_date(since, "since")
        name = _name(owner, instrument)

        def work() -> bl.Document:
            last = self._find(name)
            choice = {"method": method, "since": since.isoformat()}
            if last is None:
                document = bl.Document(KIND, name, {"choices": [choice]})
                return self.ledger.documents.store(document)
            choices = [dict(item) for item in last.content["choices"]]
            if choices[-1] == choice:
                return last
            if choices[-1]["since"] >= choice["since"]:
                raise InvalidOption(
                    field="since",
                    expected=f"a day after {choices[-1]['since']}",
                    found=since,
                )
            return self.ledger.documents.store(
                last.revise({"choices": [*choices, choice]})
            )

        return self.ledger.atomically(work)

    def on(self, day: datetime.date, *, owner: str, instrument: str) -> Method:
        """Return the method for a trade date; ``fifo`` where none was chosen.

        Raises:
            InvalidDate, InvalidIdentifier: an argument is malformed.
        """
        return read_choices(self.ledger, [(owner, instrument)]).on(
            day, owner=owner, instrument=instrument
        )

    def _find(self, name: str) -> bl.Document | None:
        try:
            return self.ledger.documents.get(KIND, name)
        except UnknownRecord:
            return None


@attrs.frozen
class Choices:
    """What was chosen for some owners and instruments, as it was read at once."""

    _documents: Mapping[str, bl.Document] = attrs.field(factory=dict)

    def on(self, day: datetime.date, *, owner: str, instrument: str) -> Method:
        """Return the method for a trade date; ``fifo`` where none was chosen."""
        check_date(day, "day")
        for name in (_name(owner, instrument), _name(owner, None)):
            document = self._documents.get(name)
            if document is not None:
                valid = list(
                    takewhile(
                        lambda choice: choice["since"] <= day.isoformat(),
                        document.content["choices"],
                    )
                )
                if valid:
                    return cast(Method, valid[-1]["method"])
        return DEFAULT_METHOD


def read_choices(ledger: bl.Ledger, pairs: Iterable[tuple[str, str]]) -> Choices:
    """Return what was chosen for pairs of an owner and an instrument."""
    names = {
        name
        for owner, instrument in pairs
        for name in (_name(owner, instrument), _name(owner, None))
    }
    found = ledger.documents.get_many(KIND, sorted(names))
    return Choices({document.id: document for document in found})


def _name(owner: str, instrument: str | None) -> str:
    check_name(owner, "owner")
    if instrument is None:
        return owner
    return f"{owner}/{instrument}"
