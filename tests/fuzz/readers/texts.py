"""What machines and clouds say, on its way to people: consoles, logs, and the writers of all formats."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree as ET

from extenci.model.address import Address
from extenci.model.observed import Unread
from extenci.model.record import ResourceKind, ResourceRecord
from extenci.model.verdict import Decision, Evidence, MachineReport, Verdict, VerifyResult
from extenci.report.catalog.text import render_records
from extenci.report.plan.json import render_json
from extenci.report.text.markdown import markdown
from extenci.report.verify.json import verification_document
from extenci.report.verify.junit import results_junit
from extenci.report.verify.text import render_results
from extenci.spec.words import printable, quoted
from extenci.verify.console.alarms import clean, end_of, find_alarm
from extenci.verify.console.watch import ConsoleWatch
from extenci.verify.evidence_folder import open_folder
from extenci.verify.halt import Halt
from extenci.verify.programs import excerpt, last_line
from extenci.verify.ssh.host_keys import find_fingerprints, find_keys
from tests.fuzz.reader import Broken, Read, Reader, check_text

TOKENS = (
    b"Kernel panic - not syncing: x\n", b"(initramfs)", b"grub rescue>", b"dracut:/#", b"\x1b]0;", b"\x1b[",
    b"\r\n", b"\r",
    b"-----BEGIN SSH HOST KEY KEYS-----\n", b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI",
    b"-----END SSH HOST KEY KEYS-----\n",
    b"]]>", b"<failure/>", b"&", b"|", b"`", b"```", b"**", b"[a](javascript:b)", b"\xc2\x85",
    b"\xe2\x80\xae",
    b"\xef\xbf\xbf",
)  # fmt: skip


@contextmanager
def _open_console(folder: Path) -> Iterator[Read]:
    evidence = open_folder(folder / "evidence")

    def read(data: bytes) -> Iterable[str]:
        text = data.decode("utf-8", "replace")
        watch = ConsoleWatch(lambda: text, evidence, Halt(threading.Event()))
        watch.look()
        find_keys(watch.text)
        find_fingerprints(watch.text)
        found = clean(text)
        end_of(found)
        find_alarm(found)
        return ()

    yield read


@contextmanager
def _open_reports(_folder: Path) -> Iterator[Read]:
    """A text stands in every place of a report that a cloud, a machine or a program fills."""

    def read(data: bytes) -> Iterable[str]:
        text = data.decode("utf-8", "surrogateescape")
        if len(text) > 1 << 16:
            text = text[: 1 << 16]
        results = [_result(text, verdict) for verdict in Verdict]
        xml = results_junit(results, (Unread(text, text),))
        ET.fromstring(xml)  # noqa: S314 - our own
        document = render_json(verification_document(results))
        json.loads(document)
        document.encode()
        record = ResourceRecord(
            "cloud", text, ResourceKind.MACHINE, Address("cloud", text), {text: text}, {}, 5.0
        )
        outputs = (xml, document, render_results(results), render_records([record]), quoted(text),
                   printable(text),                   markdown(text))  # fmt: skip
        for output in outputs:
            output.encode()
            check_text(output)
        last_line(text)
        excerpt(text)
        if "\n" in quoted(text):
            raise Broken("a quoted text of two lines")
        return ()

    yield read


def _result(text: str, verdict: Verdict) -> VerifyResult:
    evidence = (
        Evidence(text, "ssh", False, text, 2, 1.0, text, text),
        Evidence(text, "log", True, text, 1, 1.0, text),
        Evidence(text, "run", False, text, 0),
    )
    report = MachineReport(text, evidence, text, text, 1.0, 2.0, text)
    return VerifyResult(
        Address("cloud", "one"),
        text,
        Decision(verdict, text, (text,)),
        text,
        text,
        text,
        text,
        report,
        True,
        5.0,
        1.0,
    )


READERS = (Reader("console", _open_console, TOKENS), Reader("reports", _open_reports, TOKENS))
