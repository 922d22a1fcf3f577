"""Four eyes on the verbs of the desk: proposed, approved, then carried out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Literal, final, get_args

import attrs

import backoffice_ledger as bl
from backoffice_ledger.compliance import FourEyes
from backoffice_ledger.errors import InvalidOption, ProposalState
from backoffice_ledger.protocols import Books, Finding
from backoffice_ledger.settlement import (
    _instruction,
    _life,
    _netting,
    _status,
    _trade,
)
from backoffice_ledger.settlement._instruction import Instruction
from backoffice_ledger.settlement._life import TradeStatus
from backoffice_ledger.settlement._netting import Netting
from backoffice_ledger.settlement._records import Records, Stored
from backoffice_ledger.settlement._status import HoldState, InstructionStatus
from backoffice_ledger.settlement._trade import Trade
from backoffice_ledger.settlement.lots._checks import check_choice

ApprovedVerb = Literal["amend", "cancel", "enrich", "instruct", "release", "unwind"]
"""A verb of the desk that may need a second person."""

_SIGNED: Final = (Trade, Instruction, Netting, TradeStatus, InstructionStatus)
"""What says best what a verb does, the first of them that it stores."""

_HELD: Final = frozenset({HoldState.PARTY_HOLD.value, HoldState.CSD_HOLD.value})


@attrs.frozen
class Asked(Exception):
    """What a verb would store, which it did not."""

    values: Sequence[Stored]


def ask(values: Sequence[Stored]) -> Sequence[Stored]:
    """End a verb with what it would store."""
    if values:
        raise Asked(values)
    return values


def asked(ledger: bl.Ledger, verb: Callable[[], object]) -> Sequence[Stored]:
    """Return what a verb would store, and see to it that nothing of it stays."""
    found: list[Stored] = []

    def work() -> None:
        found.clear()
        try:
            verb()
        except Asked as values:
            found.extend(values.values)
        raise Asked(())

    with suppress(Asked):
        ledger.atomically(work)
    return found


def signed(records: Records, values: Sequence[Stored]) -> bl.Document:
    """Return the document that is voted on.

    Raises:
        InvalidOption: there are several, so one vote would not be on each.
    """
    for kind in _SIGNED:
        found = [value for value in values if isinstance(value, kind)]
        if len(found) == 1:
            documents = zip(values, records.documents(values), strict=True)
            return next(each for value, each in documents if value is found[0])
        if found:
            break
    raise InvalidOption(
        "propose one verb for one trade, instruction or netting",
        field="command",
        expected="what changes one of them",
        found=f"{len(values)} documents",
    )


@attrs.define
class Carrying:
    """Releases a proposal where a verb stores what was voted on.

    Attributes:
        ledger: the book.
        id: of the proposal.
    """

    ledger: bl.Ledger
    id: str

    def __call__(self, values: Sequence[Stored]) -> list[Stored]:
        """Release the proposal; return what else is to be stored.

        Raises:
            ProposalState: it was on something else.
        """
        if not values:
            return []
        records = Records(self.ledger)
        document = signed(records, values)
        proposal = self.ledger.proposals.get(self.id)
        proposed = [effect.content for effect in proposal.effect]
        if proposed != [_content_of(document)]:
            raise ProposalState(
                "another command was proposed, or the book has changed since",
                field="id",
                expected=f"{document.kind} {document.id}, version {document.version},"
                " as it would be stored now",
                found=self.id,
            )
        self.ledger.proposals.release(self.id)
        documents = zip(values, records.documents(values), strict=True)
        return [value for value, each in documents if each != document]


def _content_of(document: bl.Document) -> Mapping[str, Any]:
    content = {
        "kind": document.kind,
        "id": document.id,
        "version": document.version,
        "content": document.content,
    }
    return content | ({"index": document.index} if document.index else {})


Gate = Callable[[Sequence[Stored]], Sequence[Stored]]
"""What looks at what a verb stores, and returns what is left to be stored."""


def _as_verbs(value: Iterable[str]) -> frozenset[str]:
    if isinstance(value, str):
        raise InvalidOption(field="verbs", expected="names of verbs", found=value)
    for each in (verbs := frozenset(value)):
        check_choice(each, ApprovedVerb, "verbs")
    return verbs


@final
@attrs.frozen(order=False)
class DeskFourEyes:
    """A control: verbs of the desk that nobody gives alone.

    Such a verb is refused until somebody else than its maker has approved it; see
    `SettlementDesk.propose`.  What the verb books are entries, which are a matter of
    other controls.

    Args:
        verbs: which ones: ``amend``, ``cancel``, ``enrich`` (a standing settlement
            instruction is given), ``instruct``, ``release`` (from hold), ``unwind``.
        id: the name under which the book's manifest requires the control.
        version: recorded with everything that it lets pass.
    """

    verbs: frozenset[str] = attrs.field(
        default=frozenset(get_args(ApprovedVerb)), converter=_as_verbs
    )
    id: str = attrs.field(default="desk-four-eyes", kw_only=True)
    version: str = attrs.field(default="1", kw_only=True)

    @property
    def actions(self) -> frozenset[str]:
        """It examines documents."""
        return frozenset({"store-document"})

    def examine(self, proposal: bl.Proposal, books: Books) -> list[Finding]:
        """Return whether an approval is needed, and deny a release by the maker."""
        found = [verb_of(effect.content, books) for effect in proposal.effect]
        if not self.verbs.intersection(filter(None, found)):
            return [bl.Allow()]
        return FourEyes(actions=self.actions).examine(proposal, books)


def verb_of(content: Mapping[str, Any], books: Books) -> ApprovedVerb | None:
    """Return the verb that stores a document, None if it needs nobody."""
    kind, body = content["kind"], content["content"]
    is_first = content["version"] == 1
    if kind == _instruction.KIND:
        return "instruct"
    if kind == _trade.KIND:
        return None if is_first else "amend"
    if kind == _netting.KIND:
        return None if is_first else "unwind"
    if kind == _life.KIND and not is_first:
        return _step_verb(body["steps"])
    if kind == _status.KIND and not is_first and body["hold"] not in _HELD:
        before = books.document(kind, content["id"]).content["hold"]
        return "release" if before in _HELD else None
    return None


def _step_verb(steps: Sequence[Any]) -> ApprovedVerb | None:
    first, last = (
        step if isinstance(step, str) else step[0] for step in (steps[0], steps[-1])
    )
    if first in ("net", "set-off"):
        return None  # it is cancelled with its netting
    verbs: Mapping[str, ApprovedVerb] = {"cancelled": "cancel", "enriched": "enrich"}
    return verbs.get(last)
