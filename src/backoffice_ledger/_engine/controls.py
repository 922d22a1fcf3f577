"""Asking the controls: every control runs, denials override, failures deny."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, Protocol

import attrs

from backoffice_ledger._model.document import freeze_json
from backoffice_ledger._model.proposal import (
    ENTRY_ACTION,
    TTL_MAX,
    Alert,
    Allow,
    Deny,
    Finding,
    NeedApproval,
    Proposal,
)
from backoffice_ledger._model.text import check_identifier
from backoffice_ledger.errors import (
    ApprovalRequired,
    ControlDenied,
    InvalidOption,
    LedgerError,
    excerpt,
)
from backoffice_ledger.protocols import Books, Control

Found = tuple[str, Finding]
"""The id of a control, and one thing that it found."""

_ENTRIES: Final = frozenset({ENTRY_ACTION})


@attrs.frozen
class Verdict:
    """What ran, what it found, and what it looked at for that."""

    controls: tuple[str, ...]
    findings: tuple[Found, ...]
    reads: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing to say but yes."""
        return all(type(finding) is Allow for _, finding in self.findings)

    @property
    def says_more(self) -> bool:
        """Whether something was found that a refusal does not say."""
        return any(
            isinstance(finding, Alert)
            or (
                isinstance(finding, Deny | NeedApproval)
                and bool(finding.confidential_to)
            )
            for _, finding in self.findings
        )

    @property
    def denials(self) -> list[tuple[str, Deny]]:
        """What was found to forbid it, with the controls."""
        return [
            (control, finding)
            for control, finding in self.findings
            if isinstance(finding, Deny)
        ]

    @property
    def demands(self) -> list[tuple[str, NeedApproval]]:
        """What was found to need approvals, with the controls."""
        return [
            (control, finding)
            for control, finding in self.findings
            if isinstance(finding, NeedApproval)
        ]


class Examine(Protocol):
    """Asks the controls about a proposal, or about what is done without one."""

    def wants(self, action: str) -> bool:
        """Whether any control examines an action."""
        ...

    def __call__(self, proposal: Proposal, step: str) -> Verdict:
        """Return what was found, or raise what it amounts to.

        A proposal that is only submitted may still lack approvals.
        """
        ...


def control_name(control: Control) -> str:
    """Return the id and version of a control, as records carry them.

    Raises:
        InvalidOption: the object does not have the shape of a control.
    """
    if not callable(getattr(control, "examine", None)):
        raise InvalidOption(
            field="controls",
            expected="objects with id, version and examine()",
            found=type(control).__name__,
        )
    actions_of(control)
    return (
        f"{check_identifier(getattr(control, 'id', None), 'controls.id')}"
        f"@{check_identifier(getattr(control, 'version', None), 'controls.version')}"
    )


def actions_of(control: Control) -> frozenset[str]:
    """Return the actions that a control examines: entries, unless it says others.

    Raises:
        InvalidOption: they are not a collection of names.
    """
    actions = getattr(control, "actions", _ENTRIES)
    if isinstance(actions, str):
        raise InvalidOption(
            field="controls.actions", expected="a collection of names", found=actions
        )
    try:
        return frozenset(actions)
    except TypeError:
        raise InvalidOption(
            field="controls.actions",
            expected="a collection of names",
            found=type(actions).__name__,
        ) from None


@attrs.frozen
class Rule:
    """A control with what it is called in records, and what it examines."""

    control: Control
    name: str
    actions: frozenset[str]


def rules_of(controls: Iterable[Control]) -> tuple[Rule, ...]:
    """Return controls as rules, in the order of their ids.

    Raises:
        InvalidOption: one does not have the shape of a control.
    """
    rules = [Rule(each, control_name(each), actions_of(each)) for each in controls]
    return tuple(sorted(rules, key=lambda rule: rule.control.id))


def run_controls(
    controls: Sequence[Control], proposal: Proposal, books: Books
) -> list[Found]:
    """Run every control, in the order in which they come, and return all findings.

    A control that raises, or returns anything else than findings, denies.  What one
    with an attribute ``confidential_to`` finds is confidential.
    """
    findings: list[Found] = []
    for control in controls:
        try:
            found = list(control.examine(proposal, books))
        except Exception as error:  # noqa: BLE001  (fail closed, whatever it was)
            reason = f"{type(error).__name__}: {excerpt(error)}"
            found = [Deny("control-error", reason)]
        if not found:
            found = [Deny("control-error", "returned nothing")]
        duty = getattr(control, "confidential_to", None)
        for finding in found:
            if not _is_finding(finding):
                finding = Deny("control-error", "returned something else than findings")
            if duty is not None:
                finding = _confidential(finding, duty)
            findings.append((control.id, finding))
    return findings


def _confidential(finding: Finding, duty: str) -> Finding:
    """Return what was found for the holders of a duty, unless it names another."""
    if isinstance(finding, Allow) or finding.confidential_to is not None:
        return finding
    evolved: Finding = attrs.evolve(finding, confidential_to=duty)
    return evolved


def _is_finding(value: object) -> bool:
    if type(value) is Allow:
        return True
    if type(value) in (Alert, Deny):
        return _are_texts(value.code, value.reason) and _is_duty(value)  # type: ignore[attr-defined]
    if type(value) is not NeedApproval:
        return False
    return (
        _is_count(value.approvals)
        and _is_count(value.escalations)
        and _are_texts(value.reason, *value.slots)
        and (value.ttl is None or timedelta(0) < value.ttl <= TTL_MAX)
        and _is_json(value.terms)
        and _is_duty(value)
    )


def _is_duty(finding: Any) -> bool:
    duty = finding.confidential_to
    return duty is None or (isinstance(duty, str) and duty != "")


def _are_texts(*values: object) -> bool:
    return all(isinstance(value, str) for value in values)


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def _is_json(terms: object) -> bool:
    try:
        freeze_json(terms)
    except LedgerError:
        return False
    return isinstance(terms, Mapping)


def enforce(verdict: Verdict, proposal: Proposal, *, submits: bool = False) -> None:
    """Raise what the findings amount to; return if they allow it.

    What is confidential shows neither the finding nor the control.  A proposal that is
    only submitted may still lack approvals.
    """
    denials = verdict.denials
    for control, finding in denials:
        if finding.confidential_to is None:
            raise ControlDenied(
                f"{control} denies: {finding.code}"
                + (f" ({finding.reason})" if finding.reason else ""),
                field="id",
                found=proposal.id,
            )
    if denials:
        raise ControlDenied("a control denies it", field="id", found=proposal.id)
    demands = verdict.demands
    wanted = max((finding.approvals for _, finding in demands), default=0)
    given = len(set(proposal.approvers))
    slots = [slot for _, finding in demands for slot in finding.slots]
    if submits or not (proposal.status.is_final or given < wanted or slots):
        return
    reasons = "; ".join(
        f"{control}: {finding.reason}" if finding.reason else control
        for control, finding in demands
        if finding.confidential_to is None
    )
    raise ApprovalRequired(
        reasons,
        field="id",
        expected=f"votes for {', '.join(slots)}" if slots else f"approvals by {wanted}",
        found=f"{given} approvals" if slots else given,
    )
