"""Inputs as large and as dense as a reader's bounds allow, and larger: what takes most memory and time."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence

MIB = 1024**2


def _manifest(parts: int) -> bytes:
    part = (
        '<part index="%d"><filename>worker.part.%d</filename><digest algorithm="SHA1">'
        + "ab" * 20
        + "</digest></part>"
    )
    listed = "".join(part % (index, index) for index in range(parts))
    return (
        "<manifest><version>2007-10-10</version><machine_configuration><architecture>x86_64</architecture>"
        "</machine_configuration><image><name>a</name><user>1</user><type>machine</type><digest>"
        f"{'ab' * 20}</digest><size>1</size><bundled_size>1</bundled_size>"
        "<ec2_encrypted_key>abab</ec2_encrypted_key>"
        f'<ec2_encrypted_iv>abab</ec2_encrypted_iv><parts count="{parts}">{listed}</parts></image>'
        "<signature>abab</signature></manifest>"
    ).encode()


def _empty_elements(count: int) -> bytes:
    return _manifest(1).replace(b"<name>", b"<a/>" * count + b"<name>", 1)


def _described(items: int, padding: int = 0) -> bytes:
    item = "<item><instancesSet><item><instanceId>i-%d</instanceId><tagSet>%s</tagSet></item>"
    item += "</instancesSet></item>"
    tags = "<item><key>a</key><value>b</value></item>" * 40 + "x" * padding
    listed = "".join(item % (number, tags) for number in range(items))
    return (
        "DescribeInstances\n<DescribeInstancesResponse><requestId>1</requestId><reservationSet>"
        f"{listed}</reservationSet></DescribeInstancesResponse>"
    ).encode()


def _console(size: int) -> bytes:
    text = base64.b64encode((b"\x1b[31mboot\x1b[0m \r\n" * (size // 14))[:size]).decode()
    call = "GetConsoleOutput"
    body = f"<{call}Response><requestId>1</requestId><output>{text}</output></{call}Response>"
    return f"{call}\n{body}".encode()


def _spec(entry: str, size: int) -> bytes:
    head = "service: cloud\ninstances:\n"
    lines = "".join(entry % number for number in range(size // len(entry)))
    return (head + lines)[:size].encode()


_GROUP = "  group-%d: {image: ami-1234abcd, type: t3.micro, count: 1}\n"
_WRONG = "  group-%d: {image: ami-1234abcd, type: 7, counts: one}\n"

LARGE: Mapping[str, Sequence[Callable[[], bytes]]] = {
    "spec": (
        lambda: _spec(_GROUP, 1 * MIB),
        lambda: _spec(_WRONG, 1 * MIB),
        lambda: b"- a\n" * (MIB // 4),
        lambda: b"[" * MIB,
        lambda: b"a: &a [x]\n" + b"".join(b"b%d: &b%d [*a, *a]\n" % (one, one) for one in range(9000)),
        lambda: b"a: |\n" + b" x\n" * 300_000,
        lambda: b'x: "' + b"\\u202e" * 15_000 + b'"\n',
        lambda: b"a: b\n" * 200_000,
        lambda: b"#" * (4 * MIB),
    ),
    "service": (lambda: b"ec2: [" + b"a," * 400_000 + b"]", lambda: b"{a: " * 40 + b"}" * 40),
    "plan-file": (
        lambda: b'{"kind": "extenci plan", "format_version": 2, "a": [' + b"[]," * (2 * MIB) + b"[]]}",
        lambda: b"[" * (8 * MIB),
        lambda: b'{"kind": "extenci plan", "a": "' + b"x" * (40 * MIB) + b'"}',
        lambda: b'{"kind": "extenci plan", "format_version": 2, ' + b'"a": 1, ' * MIB + b'"b": 2}',
    ),
    "manifest": (
        lambda: _manifest(100_000),
        lambda: _empty_elements(600_000),
        lambda: _empty_elements(4 * MIB),
        lambda: _manifest(1) + b" " * (16 * MIB),
        lambda: _manifest(1).replace(b"<name>a", b"<name>" + b"a" * (15 * MIB)),
        lambda: b"<image>" * (2 * MIB),
    ),
    "ec2": (
        lambda: _described(900),
        lambda: _described(2400),
        lambda: _described(100, 120_000),
        lambda: b"DescribeImages\n" + b"<a>" * (5 * MIB),
        lambda: b"DescribeImages\nHTTP/1.1 200 OK\r\n\r\n" + b"x" * (40 * MIB),
        lambda: _console(2 * MIB),
        lambda: _console(8 * MIB),
        lambda: b"DescribeImages\nHTTP/1.1 400 Bad\r\n\r\n<Response>" + b"<a>x</a>" * (MIB // 8),
    ),
    "s3": (
        lambda: b"ListObjects\n<ListBucketResult><Name>bucket</Name>" + b"<Contents/>" * 300_000,
        lambda: (
            b"ListObjects\n<ListBucketResult><Name>bucket</Name>"
            + b"<Contents><Key>extenci/a</Key><LastModified>2026-11-28T00:00:00.000Z</LastModified>"
            b"<ETag>a</ETag>"
            b"<Size>7</Size></Contents>" * 60_000 + b"</ListBucketResult>"
        ),
        lambda: b"Lease\n" + b"x" * (40 * MIB),
        lambda: b"Lease\n" + b"[" * 4000,
        lambda: b"PutObject\n" + b"x" * (40 * MIB),
    ),
    "ebs": (
        lambda: (
            b'ListSnapshotBlocks\n{"VolumeSize": 1, "Blocks": ['
            + b",".join(b'{"BlockIndex": %d, "BlockToken": "t"}' % number for number in range(90_000))
            + b"]}"
        ),
        lambda: b"ListSnapshotBlocks\n" + b"[" * (3 * MIB),
        lambda: b'ListSnapshotBlocks\n{"a": [' + b"[]," * MIB + b"[]]}",
        lambda: b"GetSnapshotBlock\n" + b"x" * (40 * MIB),
    ),
    "http-check": (lambda: b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (40 * MIB),),
    "console": (lambda: b"\x1b[" * (10 * MIB), lambda: b"-----BEGIN SSH HOST KEY KEYS-----\n" * MIB),
    "reports": (lambda: "\u202e".encode() * 20_000, lambda: b"\r\n" * 30_000),
    "bundle-parts": (lambda: bytes(40 * MIB),),
    "job-ad": (lambda: b'HoldReason = "' + b"x" * (8 * MIB) + b'"\nClusterId = 1\nProcId = 0\n',),
    "keys": (lambda: b"-----BEGIN PRIVATE KEY-----\n" * MIB,),
    "notes": (lambda: b"ab" * (16 * MIB),),
}
"""By the names of the readers."""
