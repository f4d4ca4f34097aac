"""Secrets that stand in a file where they should not: no message repeats them."""

from __future__ import annotations

import random
import string

import pytest

from extenci.spec.words import looks_secret, quoted

SECRETS = (
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AKIAIOSFODNN7EXAMPLE",
    "9f86d081884c7d659a2feaa0c55ad015",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
)
NAMES = (
    "worker-image-for-physics-2024",
    "max_unavailable_machines_at_a_time",
    "AmazonLinux2023KernelDefault",
    "ubuntu-jammy-22.04-amd64-server-20240701",
    "/home/Somebody/Documents/Images/worker.raw",
    "credentials",
    "123456789012345678901234567890123456",
)


@pytest.mark.parametrize("secret", SECRETS)
def test_of_a_secret_only_the_beginning_is_shown(secret: str) -> None:
    shown = quoted(secret)
    assert secret[5:15] not in shown
    assert "…" in shown


@pytest.mark.parametrize("name", NAMES)
def test_names_are_shown_whole(name: str) -> None:
    assert quoted(name) == f"'{name}'"


@pytest.mark.parametrize("length", [16, 20, 32, 40])
def test_nearly_all_random_texts_are_taken_for_secrets(length: int) -> None:
    random_ = random.Random(length)  # noqa: S311 - a test's own
    letters = string.ascii_letters + string.digits
    found = sum(looks_secret("".join(random_.choices(letters, k=length))) for _ in range(1000))
    assert found > 900
