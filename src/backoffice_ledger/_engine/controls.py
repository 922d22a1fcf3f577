"""Asking the controls: every control runs, denials override, failures deny."""

from collections.abc import Callable, Sequence
from datetime import datetime

import attrs

from backoffice_ledger._model.entry import Entry
from backoffice_ledger._model.proposal import (
    Allow,
    Deny,
    Finding,
    NeedApproval,
    Proposal,
    ProposalStatus,
)
from backoffice_ledger._model.text import check_identifier
from backoffice_ledger.errors import (
    ApprovalRequired,
    ControlDenied,
    InvalidOption,
    excerpt,
)
from backoffice_ledger.protocols import Books, Control


@attrs.frozen
class Prepared:
    """An entry that passed the book's own checks, with the digest of its content."""

    entry: Entry
    digest: str
    proposal: str | None = None
    reverses: str | None = None


Examine = Callable[[Prepared], tuple[str, ...]]
"""Raises a refusal, or returns the ids and versions of the controls that ran."""


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
    return (
        f"{check_identifier(getattr(control, 'id', None), 'controls.id')}"
        f"@{check_identifier(getattr(control, 'version', None), 'controls.version')}"
    )


def new_proposal(
    prepared: Prepared, maker: str, at: datetime, *, released_by: str | None
) -> Proposal:
    """Return a proposal that nobody has voted on, or a posting without one."""
    return Proposal(
        prepared.entry.id,
        prepared.entry,
        prepared.digest,
        maker,
        at,
        reverses=prepared.reverses,
        released_by=released_by,
    )


def run_controls(
    controls: Sequence[Control], proposal: Proposal, books: Books
) -> list[tuple[str, Finding]]:
    """Run every control, in the order of their ids, and return all findings.

    A control that raises, or returns anything else than findings, denies.
    """
    findings: list[tuple[str, Finding]] = []
    for control in sorted(controls, key=lambda control: control.id):
        try:
            found = list(control.examine(proposal, books))
        except Exception as error:  # noqa: BLE001  (fail closed, whatever it was)
            reason = f"{type(error).__name__}: {excerpt(error)}"
            found = [Deny("control-error", reason)]
        for finding in found:
            if not _is_finding(finding):
                finding = Deny("control-error", "returned something else than findings")
            findings.append((control.id, finding))
        if not found:
            findings.append((control.id, Deny("control-error", "returned nothing")))
    return findings


def _is_finding(value: object) -> bool:
    if type(value) is NeedApproval:
        return type(value.approvals) is int and value.approvals >= 0
    return type(value) in (Allow, Deny)


def enforce(findings: Sequence[tuple[str, Finding]], proposal: Proposal) -> None:
    """Raise what the findings amount to; return if they allow the posting."""
    for control, finding in findings:
        if isinstance(finding, Deny):
            raise ControlDenied(
                f"{control} denies: {finding.code}"
                + (f" ({finding.reason})" if finding.reason else ""),
                field="id",
                found=proposal.id,
            )
    wanted = max(
        (f.approvals for _, f in findings if isinstance(f, NeedApproval)), default=0
    )
    given = len(set(proposal.approvers))
    if proposal.status is not ProposalStatus.OPEN or given < wanted:
        reasons = "; ".join(
            f"{control}: {f.reason}" if f.reason else control
            for control, f in findings
            if isinstance(f, NeedApproval)
        )
        raise ApprovalRequired(
            reasons, field="id", expected=f"approvals by {wanted}", found=given
        )
