"""Results of verification as JUnit XML, which CI systems show as test results.

There is no standard; this keeps to the elements that Jenkins and GitLab read (testmoapp/junitxml
describes them): `testsuites`, a `testsuite` an image, a `testcase` a check, `failure`, `skipped`, `error`,
`system-out`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from extenci.model.observed import Unread
from extenci.model.verdict import Evidence, Verdict, VerifyResult
from extenci.report.text.safe import safe

_NOT_XML = re.compile("[^\t\n\r\u0020-\u007e\u0085\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 forbids (Char), and C1 controls, which it discourages."""

_LAYOUT = "\t\n"

VERDICT = "verdict"
"""The test case for the version as a whole: a person's answer, or a machine that never came up."""
SERVICE = "service"
"""The test case for a service that was left out."""


def results_junit(results: Sequence[VerifyResult], unread: Sequence[Unread] = ()) -> str:
    """The whole document. `unread` are services that were left out: their images have no results, so each is
    an error."""
    top = Element("testsuites", {"name": "extenci verify"})
    suites = [*(add_suite(top, one) for one in results), *(add_unread(top, one) for one in unread)]
    for count in ("tests", "failures", "errors", "skipped"):
        top.set(count, str(sum(int(suite.get(count, "0")) for suite in suites)))
    top.set("time", f"{sum(one.seconds for one in results):.3f}")
    indent(top)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(top, encoding="unicode") + "\n"


def add_suite(top: Element, result: VerifyResult) -> Element:
    """One version."""
    name = clean(str(result.address))
    suite = SubElement(top, "testsuite", {"name": name, "time": f"{result.seconds:.3f}"})
    suite.set("timestamp", datetime.fromtimestamp(result.at, UTC).strftime("%Y-%m-%dT%H:%M:%S"))
    if result.host:
        suite.set("hostname", clean(result.host))
    add_properties(suite, result)
    evidence = result.report.evidence if result.report else ()
    for one in evidence:
        add_case(suite, name, one)
    add_verdict(suite, name, result, has_failed=any(not one.passed and one.tries for one in evidence))
    if result.report and result.report.console_end:
        SubElement(suite, "system-out").text = clean(result.report.console_end)
    set_counts(suite)
    return suite


def add_unread(top: Element, unread: Unread) -> Element:
    """A service that was left out."""
    name = clean(unread.service)
    suite = SubElement(top, "testsuite", {"name": name, "time": "0.000"})
    reason = {"message": clean(str(unread)), "type": "unread"}
    SubElement(new_case(suite, name, SERVICE), "error", reason)
    set_counts(suite)
    return suite


def set_counts(suite: Element) -> None:
    """The numbers of a suite's cases."""
    suite.set("tests", str(len(suite.findall("testcase"))))
    for count, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(count, str(len(suite.findall(f"testcase/{kind}"))))


def add_properties(suite: Element, result: VerifyResult) -> None:
    """Properties of the version and its machine."""
    boot = result.report.boot_seconds if result.report else None
    known = {
        "address": str(result.address),
        "version": result.version,
        "image": result.image,
        "machine": result.machine,
        "host": result.host,
        "verdict": str(result.verdict),
        "boot_seconds": "" if boot is None else f"{boot:.3f}",
    }
    properties = SubElement(suite, "properties")
    for name, value in known.items():
        if value:
            SubElement(properties, "property", {"name": name, "value": clean(value)})


def add_case(suite: Element, name: str, evidence: Evidence) -> None:
    """One check; one that was never tried is skipped."""
    case = new_case(suite, name, evidence.check, evidence.seconds)
    if not evidence.passed:
        kind = "failure" if evidence.tries else "skipped"
        found = SubElement(case, kind, {"message": clean(evidence.message)})
        if evidence.tries:
            found.set("type", evidence.kind)
            found.text = clean(evidence.output)
    elif evidence.output:
        SubElement(case, "system-out").text = clean(evidence.output)


def add_verdict(suite: Element, name: str, result: VerifyResult, *, has_failed: bool) -> None:
    """The version as a whole, where its checks alone do not explain the verdict."""
    reason = {"message": clean(result.decision.reason)}
    match result.verdict:
        case Verdict.WAITING:
            SubElement(new_case(suite, name, VERDICT), "skipped", reason)
        case Verdict.EXPIRED:
            SubElement(new_case(suite, name, VERDICT), "error", reason | {"type": "expired"})
        case Verdict.FAILED if not has_failed:
            SubElement(new_case(suite, name, VERDICT), "failure", reason | {"type": VERDICT})
        case Verdict.PASSED if result.report is None or not result.report.evidence:
            new_case(suite, name, VERDICT)
        case _:
            pass


def new_case(suite: Element, name: str, check: str, seconds: float = 0.0) -> Element:
    """A test case of a suite."""
    values = {"classname": name.replace("/", "."), "name": clean(check), "time": f"{seconds:.3f}"}
    return SubElement(suite, "testcase", values)


def clean(text: str) -> str:
    """Text without characters that XML cannot hold. Those that turn the writing direction, hide or break
    lines are shown as escapes, as in all other texts."""
    shown = _NOT_XML.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return safe(shown, layout=_LAYOUT)
