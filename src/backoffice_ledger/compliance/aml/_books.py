"""From a book to movements, to alerts, to what became of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Any, Final, Literal, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_choice
from backoffice_ledger.compliance.aml._movement import AmlAlert, AmlRule, Movement
from backoffice_ledger.errors import DocumentConflict, InvalidOption, UnknownRecord
from backoffice_ledger.reports import Column, Row, Table

KIND: Final = "aml-alert"
"""Kind of the documents that keep alerts."""

Disposition = Literal["false-positive", "watch", "reported"]
"""What an alert came to."""

_COLUMNS: Final = (
    Column("alert", "Alert"),
    Column("party", "Party"),
    Column("at", "At"),
    Column("amount", "Amount", "amount"),
    Column("reason", "Reason"),
    Column("status", "Status"),
    Column("because", "Because", shown="filled"),
)


@final
@attrs.frozen(kw_only=True)
class BookMapping:
    """Where a book keeps what the rules want to know.

    Args:
        party: the account attribute that makes an account a customer's, and names whom.
        cash: the account attribute ``"<name>": "yes"`` of the firm's cash accounts.
        counterparty: the dimension of a customer's posting that names the other side.
        bank_journals: journals of entries that the firm initiates (interest, fees).
        instant: ``recorded`` takes the instant at which an entry was recorded,
            ``booking`` noon (UTC) of its booking date, for books that were imported.
    """

    party: str = "party"
    cash: str = "cash"
    counterparty: str = "counterparty"
    bank_journals: frozenset[str] = attrs.field(
        default=frozenset(), converter=frozenset
    )
    instant: Literal["recorded", "booking"] = "recorded"

    def __attrs_post_init__(self) -> None:
        check_choice(self.instant, Literal["recorded", "booking"], "instant")


def movements(
    records: Iterable[bl.Record],
    attributes: Mapping[str, Mapping[str, str]],
    mapping: BookMapping,
) -> Iterator[Movement]:
    """Yield the movements on customers' accounts, in the order of the records.

    A credit to a customer's account is money in: a payment to a deposit, or the
    repayment of a loan.

    Args:
        records: of a book; others than entries are passed over.
        attributes: of the accounts, by path.
        mapping: where the book keeps what is wanted.
    """
    for record in records:
        if record.type != "entry":
            continue
        entry = record.entry
        at = record.recorded_at
        if mapping.instant == "booking":
            at = datetime.combine(entry.date, time(12), UTC)
        is_cash = any(
            attributes.get(posting.account, {}).get(mapping.cash) == "yes"
            for posting in entry.postings
        )
        for number, posting in enumerate(entry.postings):
            party = attributes.get(posting.account, {}).get(mapping.party)
            if party is None or not posting.amount:
                continue
            yield Movement(
                id=f"{entry.id}/{number}",
                at=at,
                party=party,
                direction="in" if posting.signed.minor_units < 0 else "out",
                amount=abs(posting.amount),
                counterparty=posting.dimensions.get(mapping.counterparty),
                is_cash=is_cash,
                is_own=entry.journal not in mapping.bank_journals,
            )


@final
class AmlMonitor:
    """A listener that looks for patterns in what a book records, one by one.

    Pass it to ``open_ledger(listeners=[...])``, after `replay` has told it what the
    book already holds.  It gets what was committed, never more than once for the same
    alert, because an alert's id is that of its rule and movement.

    Args:
        rules: what to look for.
        mapping: where the book keeps what they want to know.
        keep: takes each alert; it must accept the same one again, as
            `AlertDesk.keep` does, and must not write to the same store.
        name: under which the book notes how far the monitor has come.
    """

    def __init__(
        self,
        rules: Sequence[AmlRule],
        mapping: BookMapping,
        keep: Callable[[AmlAlert], object],
        *,
        name: str = "aml",
    ) -> None:
        self.name = name
        self._mapping = mapping
        self._keep = keep
        self._observers = [rule.start() for rule in rules]
        self._attributes: dict[str, Mapping[str, str]] = {}

    def replay(self, ledger: bl.Ledger) -> None:
        """Look at everything that a book holds, in the order of its log."""
        self(ledger.records())

    def __call__(self, records: Iterable[bl.Record]) -> None:
        """Look at some records, in the order of the log."""
        for record in records:
            if record.type == "account":
                content = record.content
                self._attributes[content["path"]] = content.get("attributes", {})
            for movement in movements([record], self._attributes, self._mapping):
                for observe in self._observers:
                    alert = observe(movement)
                    if alert is not None:
                        self._keep(alert)


@final
@attrs.frozen
class AlertDesk:
    """Alerts and what became of them, in a book that only the AML unit opens.

    Neither the customer nor who serves the customer may learn of an alert (GwG section
    47): give this book a database of its own, with its own rights.  The party and the
    reason can be erased like any personal field.

    Args:
        ledger: that book.
    """

    _ledger: bl.Ledger

    def keep(self, alert: AmlAlert) -> bl.Document:
        """Keep an alert; keeping the same one again changes nothing.

        Raises:
            DocumentConflict: another alert has the same rule and movement.
        """
        if not isinstance(alert, AmlAlert):
            raise InvalidOption(
                field="alert", expected="an AmlAlert", found=type(alert).__name__
            )
        document = bl.Document(
            KIND,
            alert.id,
            {
                "amount": alert.amount.number,
                "at": alert.at.isoformat(),
                "currency": alert.amount.commodity.code,
                "movements": list(alert.movements),
                "party": alert.party,
                "reason": alert.reason,
                "rule": alert.rule,
                "scale": alert.amount.commodity.scale,
                "status": "open",
            },
            personal=["party", "reason"],
        )
        documents = self._ledger.documents
        try:
            first = documents.get(KIND, alert.id, version=1)
        except UnknownRecord:
            return documents.store(document)
        # Erased fields are missing in what is kept.
        if {**document.content, **first.content} != document.content:
            raise DocumentConflict(
                f"the alert {alert.id} has other content", field="id", found=alert.id
            )
        return documents.get(KIND, alert.id)

    def decide(self, id: str, disposition: Disposition, *, reason: str) -> bl.Document:
        """Note what an alert came to, and why; a later word replaces an earlier one.

        Raises:
            UnknownRecord: there is no such alert.
            InvalidOption: an unknown disposition, or no reason.
        """
        check_choice(disposition, Disposition, "disposition")
        if not reason:
            raise InvalidOption(field="reason", expected="why")
        document = self._ledger.documents.get(KIND, id)
        content = {**document.content, "status": disposition, "because": reason}
        return self._ledger.documents.store(document.revise(content))

    def alerts(self, *, status: Disposition | Literal["open"] | None = None) -> Table:
        """Return the alerts, or those in one status, by id."""
        rows = [
            Row(
                [
                    document.id,
                    content.get("party"),
                    content["at"],
                    _amount(content),
                    content.get("reason"),
                    content["status"],
                    content.get("because"),
                ]
            )
            for document in self._ledger.documents.all(KIND)
            for content in (document.content,)
            if status in (None, content["status"])
        ]
        return Table("Alerts", _COLUMNS, rows)


def _amount(content: Mapping[str, Any]) -> bl.Amount:
    unit = bl.Commodity(content["currency"], scale=content["scale"])
    return bl.Amount(content["amount"], unit)
