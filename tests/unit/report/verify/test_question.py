from __future__ import annotations

from extenci.model.verdict import Evidence, MachineReport, Question
from extenci.report.verify.question import render_question


def test_a_question_says_where_the_machine_is_and_what_each_answer_means() -> None:
    report = MachineReport("192.0.2.7", (Evidence("tcp 22", "tcp", True, "open"),))
    question = Question("bnl/worker", "i-1\x1b[2J", "192.0.2.7", "ssh root@192.0.2.7", 14.0, 86400.0, report)
    text = render_question(question)
    assert "\x1b" not in text
    assert "192.0.2.7" in text
    assert "log in   ssh root@192.0.2.7" in text
    assert "1 passed" in text
    assert "it runs for 1 d" in text
    assert max(map(len, text.splitlines())) <= 80


def test_without_a_way_to_log_in_none_is_shown() -> None:
    question = Question("bnl/worker", "i-1", "192.0.2.7", "", 14.0, 86400.0, MachineReport("192.0.2.7"))
    assert "log in" not in render_question(question)
