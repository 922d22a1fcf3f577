"""What controls found, kept in the log: who asked, what ran, what it looked at.

Findings are one erasable text, confidential ones among the others, so that what the
log shows to everybody does not tell whether there are any.
"""

import json
from typing import Any, Final

from backoffice_ledger._engine.canonical import canonical_json, instant_text
from backoffice_ledger._engine.controls import Found, Verdict
from backoffice_ledger._engine.stamp import Stamp
from backoffice_ledger._engine.state import Fact, FactKey, NewRecord
from backoffice_ledger._model.dates import (
    instant_from_microseconds,
    instant_to_microseconds,
)
from backoffice_ledger._model.document import stored_json
from backoffice_ledger._model.proposal import (
    Alert,
    Allow,
    ControlDecision,
    Deny,
    Finding,
    NeedApproval,
    Proposal,
)
from backoffice_ledger._model.text import EMPTY_MAPPING

FINDINGS: Final = "findings"
"""The name under which a decision commits to what was found."""

NOTHING_ASKED: Final = Verdict((), ())


def decision_record(
    stamp: Stamp, proposal: Proposal, step: str, verdict: Verdict
) -> NewRecord:
    """Return the record of what was found about a proposal or a direct command."""
    content: dict[str, Any] = {
        "action": proposal.action,
        "digest": proposal.digest,
        "id": proposal.id,
        "revision": proposal.revision,
        "step": step,
    }
    if verdict.controls:
        content["controls"] = list(verdict.controls)
    if step == "submit":
        content |= _submission(proposal)
    texts = {}
    if verdict.findings:
        found = [_finding_content(*found) for found in verdict.findings]
        body = {"findings": found, "reads": list(verdict.reads)}
        texts[FINDINGS] = canonical_json(body)
    return stamp.record(
        "decision", proposal.id, content, decision_facts(content), texts
    )


def _submission(proposal: Proposal) -> dict[str, Any]:
    """Return what binds a proposal from now on."""
    content: dict[str, Any] = {"makers": list(proposal.makers)}
    if proposal.expires_at is not None:
        expires = instant_to_microseconds(proposal.expires_at, "ttl")
        content["expires"] = instant_text(expires)
    if proposal.escalations:
        content["escalations"] = proposal.escalations
    if proposal.terms:
        content["terms"] = proposal.terms
    return content


def decision_facts(content: Any) -> tuple[FactKey, ...]:
    """Return the facts that a decision of this content establishes."""
    if content["step"] == "submit":
        return (("submission", content["id"]),)
    if content["step"] == "apply":
        return (("release", content["id"]),)
    return ()


def _finding_content(control: str, finding: Finding) -> dict[str, Any]:
    content: dict[str, Any] = {"control": control}
    match finding:
        case Allow():
            return content | {"finding": "allow"}
        case Alert(code=code):
            content |= {"code": code, "finding": "alert"}
        case Deny(code=code):
            content |= {"code": code, "finding": "deny"}
        case _:
            content |= {"approvals": finding.approvals, "finding": "need-approval"}
            if finding.slots:
                content["slots"] = list(finding.slots)
    if finding.reason:
        content["reason"] = finding.reason
    if finding.confidential_to is not None:
        content["confidential_to"] = finding.confidential_to
    return content


def _finding(content: Any) -> Found:
    kind, reason = content["finding"], content.get("reason", "")
    duty = content.get("confidential_to")
    finding: Finding
    if kind == "allow":
        finding = Allow()
    elif kind == "alert":
        finding = Alert(content["code"], reason, confidential_to=duty)
    elif kind == "deny":
        finding = Deny(content["code"], reason, confidential_to=duty)
    else:
        finding = NeedApproval(
            content["approvals"],
            reason,
            slots=content.get("slots", ()),
            confidential_to=duty,
        )
    return content["control"], finding


def decision_from_fact(fact: Fact, duties: frozenset[str]) -> ControlDecision:
    """Return a decision as somebody with *duties* may read it.

    What was looked at is shown to those only who may read all that was found.
    """
    content = fact.content
    opening = fact.texts.get(FINDINGS)
    body = {"findings": [], "reads": []} if opening is None else json.loads(opening[1])
    findings = [_finding(each) for each in body["findings"]]
    shown = [found for found in findings if _may_read(found[1], duties)]
    return ControlDecision(
        content["id"],
        content["action"],
        "post" if content["step"] == "apply" else content["step"],
        content["revision"],
        content["digest"],
        fact.actor,
        instant_from_microseconds(fact.at),
        tuple(content.get("controls", ())),
        tuple(shown),
        tuple(body["reads"]) if len(shown) == len(findings) else (),
        fact.position,
    )


def _may_read(finding: Finding, duties: frozenset[str]) -> bool:
    return isinstance(finding, Allow) or (
        finding.confidential_to is None or finding.confidential_to in duties
    )


def terms_from_content(content: Any) -> Any:
    """Return the terms of a submission, by control id."""
    terms = content.get("terms")
    return EMPTY_MAPPING if terms is None else stored_json(terms)
