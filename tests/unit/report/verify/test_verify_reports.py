"""Results of verify as text, JSON and JUnit XML, whole."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree

from extenci.model.address import Address
from extenci.model.observed import Unread
from extenci.model.verdict import Decision, Evidence, MachineReport, Verdict, VerifyResult
from extenci.report.text.palette import COLOUR
from extenci.report.verify.json import verification_document
from extenci.report.verify.junit import clean, results_junit
from extenci.report.verify.text import render_results

TCP = Evidence("tcp 22", "tcp", True, "port 22 of 10.0.0.1 accepts connections", 3, 12.4, file="/e/01.txt")
SSH = Evidence(
    "ssh systemctl is-system-running --wait", "ssh", False, "the command ended with status 1, not 0", 4, 33.0,
    "degraded\x1b[2J\n", "/e/02.txt",
)  # fmt: skip
RUN = Evidence("run checks/goss.sh", "run", False, "not tried: no time was left", 0)
FAILED = VerifyResult(
    address=Address("amazon", "worker"),
    version="sha256:abc",
    decision=Decision(
        Verdict.FAILED,
        "The check 'ssh systemctl is-system-running --wait' failed: the command ended with status 1, not 0 "
        "(2 of 3 checks failed).",
        ("ssh … failed",),
    ),
    image="ami-1",
    machine="i-1",
    host="10.0.0.1",
    login="ssh -i key admin@10.0.0.1",
    report=MachineReport(
        "10.0.0.1", (TCP, SSH, RUN), "boot\nworker login: \x07", "", 21.5, 60.0, "/e"
    ),
    at=1_700_000_000.0,
    seconds=81.25,
)  # fmt: skip
PASSED = VerifyResult(
    address=Address("sandbox", "tiny"),
    version="sha256:def",
    decision=Decision(Verdict.PASSED, "Its check passed."),
    machine="i-2",
    host="127.0.100.2",
    report=MachineReport("127.0.100.2", (TCP,), "login:", "", 14.0, 15.0),
    at=1_700_000_000.0,
    seconds=20.0,
)
WAITING = replace(
    PASSED,
    decision=Decision(Verdict.WAITING, "Its check passed. A person must also say yes."),
    login="ssh root@127.0.100.2",
    kept=True,
)


def test_a_failure_is_shown_with_its_output_and_the_end_of_the_console() -> None:
    assert render_results([FAILED]) == (
        "amazon/worker failed\n"
        "  test VM i-1 at 10.0.0.1, answered after 22 s\n"
        "  ok   tcp 22 (12 s)\n"
        "  FAIL ssh systemctl is-system-running --wait (33 s)\n"
        "       the command ended with status 1, not 0, 4 tries\n"
        "       | degraded\\x1b[2J\n"
        "  FAIL run checks/goss.sh\n"
        "       not tried: no time was left\n"
        "  The end of the console's output:\n"
        "  | boot\n"
        "  | worker login: \\x07\n"
        "  Evidence: /e\n"
        "\n"
        "1 version verified: 1 failed.\n"
    )


def test_what_passed_is_short_and_what_waits_says_how_to_log_in() -> None:
    assert render_results([PASSED, WAITING]) == (
        "sandbox/tiny passed\n"
        "  test VM i-2 at 127.0.100.2, answered after 14 s\n"
        "  ok   tcp 22 (12 s)\n"
        "  Its check passed.\n"
        "\n"
        "sandbox/tiny waits for a person\n"
        "  test VM i-2 at 127.0.100.2, answered after 14 s\n"
        "  log in: ssh root@127.0.100.2\n"
        "  ok   tcp 22 (12 s)\n"
        "  Its check passed. A person must also say yes.\n"
        "\n"
        "2 versions verified: 1 passed, 1 waiting.\n"
    )
    assert render_results([]) == "Nothing was verified.\n"


def test_a_kept_test_vm_that_failed_says_how_to_log_in() -> None:
    assert "log in: ssh -i key admin@10.0.0.1" in render_results([replace(FAILED, kept=True)])
    assert "log in" not in render_results([FAILED])


def test_colours_are_about_the_verdict_only_of_our_own_making() -> None:
    text = render_results([FAILED], palette=COLOUR)
    assert f"{COLOUR.alarm}failed{COLOUR.end}" in text
    assert "\x1b[2J" not in text


def test_a_machine_that_never_came_up_has_no_examination() -> None:
    lost = VerifyResult(Address("a", "b"), "v", Decision(Verdict.FAILED, "It did not run within 10 min."))
    assert render_results([lost]) == (
        "a/b failed\n  It did not run within 10 min.\n\n1 version verified: 1 failed.\n"
    )


def test_the_json_document_has_everything() -> None:
    document = verification_document([FAILED, PASSED])
    assert json.loads(json.dumps(document)) == document
    assert list(document) == ["format_version", "ok", "images", "summary"]
    assert (document["format_version"], document["ok"]) == (1, False)
    assert document["summary"] == {"passed": 1, "failed": 1, "waiting": 0, "expired": 0}
    first = document["images"][0]  # type: ignore[index]
    assert {key: value for key, value in first.items() if key != "checks"} == {
        "address": "amazon/worker",
        "version": "sha256:abc",
        "id": "ami-1",
        "verdict": "failed",
        "reason": FAILED.decision.reason,
        "details": ["ssh … failed"],
        "machine": "i-1",
        "host": "10.0.0.1",
        "login": "ssh -i key admin@10.0.0.1",
        "kept": False,
        "expires": None,
        "at": 1_700_000_000.0,
        "seconds": 81.25,
        "boot_seconds": 21.5,
        "alarm": "",
        "console_end": "boot\nworker login: \x07",
        "evidence_folder": "/e",
    }
    assert first["checks"][0] == {
        "check": "tcp 22",
        "kind": "tcp",
        "passed": True,
        "message": "port 22 of 10.0.0.1 accepts connections",
        "tries": 3,
        "seconds": 12.4,
        "output": "",
        "file": "/e/01.txt",
    }


def test_junit_has_a_suite_an_image_and_a_case_a_check() -> None:
    assert results_junit([FAILED]) == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<testsuites name="extenci verify" tests="3" failures="1" errors="0" skipped="1" time="81.250">\n'
        '  <testsuite name="amazon/worker" time="81.250" timestamp="2023-11-14T22:13:20" hostname="10.0.0.1" '
        'tests="3" failures="1" errors="0" skipped="1">\n'
        "    <properties>\n"
        '      <property name="address" value="amazon/worker" />\n'
        '      <property name="version" value="sha256:abc" />\n'
        '      <property name="image" value="ami-1" />\n'
        '      <property name="machine" value="i-1" />\n'
        '      <property name="host" value="10.0.0.1" />\n'
        '      <property name="verdict" value="failed" />\n'
        '      <property name="boot_seconds" value="21.500" />\n'
        "    </properties>\n"
        '    <testcase classname="amazon.worker" name="tcp 22" time="12.400" />\n'
        '    <testcase classname="amazon.worker" name="ssh systemctl is-system-running --wait" '
        'time="33.000">\n'
        '      <failure message="the command ended with status 1, not 0" type="ssh">degraded[2J\n</failure>\n'
        "    </testcase>\n"
        '    <testcase classname="amazon.worker" name="run checks/goss.sh" time="0.000">\n'
        '      <skipped message="not tried: no time was left" />\n'
        "    </testcase>\n"
        "    <system-out>boot\nworker login: </system-out>\n"
        "  </testsuite>\n"
        "</testsuites>\n"
    )


def test_junit_says_what_checks_do_not() -> None:
    cases = {}
    expired = replace(WAITING, decision=Decision(Verdict.EXPIRED, "Nobody came."))
    declined = replace(PASSED, decision=Decision(Verdict.FAILED, "A person said no."))
    empty = replace(PASSED, report=None)
    for name, one in {"w": WAITING, "e": expired, "d": declined, "p": empty}.items():
        suite = ElementTree.fromstring(results_junit([one])).find("testsuite")  # noqa: S314 - our own
        assert suite is not None
        last = suite.findall("testcase")[-1]
        assert last.get("name") == "verdict"
        cases[name] = [child.tag for child in last]
    assert cases == {"w": ["skipped"], "e": ["error"], "d": ["failure"], "p": []}


def test_junit_is_xml_whatever_machines_say() -> None:
    wild = "".join(map(chr, [*range(0xA1), 0xFFFE, 0xFFFF, 0xD800, 0x1F600])) + ']]>&<"'
    one = replace(
        PASSED, report=MachineReport("x", (replace(SSH, check=wild, message=wild, output=wild),), wild)
    )
    ElementTree.fromstring(results_junit([one]))  # noqa: S314 - our own


def test_services_that_were_left_out_leave_no_report_green() -> None:
    unread = (Unread("dead", "dead does not answer.", "Is it on?"),)
    document = verification_document([PASSED], unread)
    assert document["ok"] is False
    assert document["unread"] == [
        {"service": "dead", "message": "dead does not answer.", "hint": "Is it on?"}
    ]
    top = ElementTree.fromstring(results_junit([PASSED], unread))  # noqa: S314 - our own
    assert top.get("errors") == "1"
    error = top.find("testsuite[@name='dead']/testcase[@name='service']/error")
    assert error is not None
    assert error.get("message") == "dead does not answer. Is it on?"


def test_junit_shows_characters_that_turn_the_writing_direction() -> None:
    assert clean("safe\u202egnitirw\u200b\ta\nb\x1b[31m") == "safe\\u202egnitirw\\u200b\ta\nb[31m"
