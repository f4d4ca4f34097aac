"""Host keys as cloud-init prints them."""

from __future__ import annotations

import time

from extenci.verify.ssh.host_keys import (
    contradicts,
    find_fingerprints,
    find_keys,
    fingerprint,
    read_known_hosts,
    write_known_hosts,
)

ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB5HXYv6pLVVxzxx2lZUcUKLjlbPxI1Jy8Q3+kVbUpA9"
OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB5HXYv6pLVVxzxx2lZUcUKLjlbPxI1Jy8Q3+kVbUpA8"
CONSOLE = f"""
ci-info: no authorized SSH keys fingerprints found for user admin.
<14>Nov 24 12:00:00 cloud-init: #############################################################
<14>Nov 24 12:00:00 cloud-init: -----BEGIN SSH HOST KEY FINGERPRINTS-----
<14>Nov 24 12:00:00 cloud-init: 256 SHA256:{fingerprint(ED25519)} root@worker (ED25519)
<14>Nov 24 12:00:00 cloud-init: -----END SSH HOST KEY FINGERPRINTS-----
-----BEGIN SSH HOST KEY KEYS-----
{ED25519} root@worker
ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIB5HXYv6pLVVxzxx2lZUcUKLjlbPxI1Jy8Q3 not-what-it-says
-----END SSH HOST KEY KEYS-----
worker login:
"""


def test_keys_are_found_between_their_lines_if_they_are_what_they_say() -> None:
    assert find_keys(CONSOLE) == (ED25519,)
    assert find_keys(f"nothing of that: {ED25519}") == ()


def test_fingerprints_are_found_whatever_stands_before_them() -> None:
    assert find_fingerprints(CONSOLE) == {fingerprint(ED25519)}
    assert find_fingerprints("SHA256:" + "A" * 43) == set()


def test_the_last_boot_counts() -> None:
    assert find_keys(CONSOLE + CONSOLE.replace(ED25519, OTHER)) == (OTHER,)


def test_known_hosts_come_back_as_they_were_written() -> None:
    text = write_known_hosts("extenci-i-1", (ED25519, OTHER))
    assert text == f"extenci-i-1 {ED25519}\nextenci-i-1 {OTHER}\n"
    assert read_known_hosts(text) == (ED25519, OTHER)


def test_a_key_contradicts_a_console_only_where_that_shows_keys() -> None:
    assert contradicts((OTHER,), CONSOLE)
    assert not contradicts((ED25519,), CONSOLE)
    assert not contradicts((OTHER,), "login:")
    assert not contradicts((), CONSOLE)


def test_a_console_of_nothing_but_beginnings_is_searched_at_once() -> None:
    """The machine may print anything; each beginning was once searched to the end."""
    text = "-----BEGIN SSH HOST KEY KEYS-----\n" * 30_000
    began = time.process_time()
    assert find_keys(text) == ()
    assert find_fingerprints(text) == frozenset()
    assert time.process_time() - began < 2
