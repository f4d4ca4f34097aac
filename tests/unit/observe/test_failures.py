from __future__ import annotations

import pytest

from extenci.model.errors import AccessRefused, PlanError, Unreachable
from extenci.model.observed import Unread
from extenci.observe.failures import Failures


def fail(error: Exception) -> None:
    raise error


def test_a_service_that_fails_is_left_out_from_then_on() -> None:
    failures = Failures(("a", "b"))
    with failures.noting("b"):
        fail(Unreachable("b does not answer.", "Is it on?"))
    assert failures.working() == ("a",)
    assert failures.unread == (Unread("b", "b does not answer.", "Is it on?"),)


def test_the_error_of_the_only_service_ends_the_command_as_what_it_is() -> None:
    with pytest.raises(AccessRefused), Failures(("a",)).noting("a"):
        raise AccessRefused("No.")


def test_the_first_error_by_name_ends_the_command_once_all_have_failed() -> None:
    failures = Failures(("a", "b"))
    failures.note("b", PlanError("b lacks something."))
    with pytest.raises(Unreachable), failures.noting("a"):
        raise Unreachable("a does not answer.")


def test_other_errors_are_not_held_against_a_service() -> None:
    failures = Failures(("a", "b"))
    with pytest.raises(KeyError), failures.noting("a"):
        raise KeyError
    assert failures.working() == ("a", "b")
