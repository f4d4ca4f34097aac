"""Writes manifests of bundles, version 2007-10-10, and reads them from untrusted makers.

The signature covers the text of the elements `machine_configuration` and `image`, one right after the other,
as it stands in the file. So both are taken out of the file as text, and only signed text is read.
Source: euca2ools `bundle/manifest.py`; ec2-ami-tools `manifestv20071010.rb`, `xmlutil.rb`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from extenci.model.errors import DiskError

VERSION = "2007-10-10"
MOST_BYTES = 16 * 1024**2
"""The limit for a manifest that is read: enough for 100,000 parts, or 1 TB."""
MOST_MARKS = 700_000
"""The most `<` in it, which its reading takes memory for: six for each part."""
CIPHER = "AES-128-CBC"
HASH = "SHA1"

_HEX = re.compile(r"[0-9A-Fa-f]{2,4096}")
_SHA1 = re.compile(r"[0-9A-Fa-f]{40}")
_PART_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9()\[\] .'@_-]{0,1023}")
_VERSION = re.compile(rb"<manifest>\s*<version>\s*2007-10-10\s*</version>")
_NUMBER = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True)
class BundlePart:
    """One file of a bundle: its name beside the manifest, and the SHA-1 of its bytes in hex."""

    name: str
    sha1: str


@dataclass(frozen=True)
class EncryptedSecret:
    """A bundle's key and initialization vector, encrypted for one reader by `keys.encrypt_for`."""

    key: str
    iv: str


@dataclass(frozen=True)
class Manifest:
    """The content of a manifest. `size` is that of the disk in bytes, `bundled_size` that of all parts;
    `sha1` is that of the tar stream; `user` is the account's number; `for_cloud` and `for_user` are the
    secret, encrypted for each."""

    name: str
    user: str
    architecture: str
    sha1: str
    size: int
    bundled_size: int
    for_cloud: EncryptedSecret
    for_user: EncryptedSecret
    parts: tuple[BundlePart, ...]
    kernel: str | None = None
    ramdisk: str | None = None


@dataclass(frozen=True)
class SignedManifest:
    """The parts of a manifest's text that its signature (hex) covers. Nothing in them was read, so that a
    signature can be checked first."""

    machine: bytes
    image: bytes
    signature: str

    @property
    def text(self) -> bytes:
        """The text that the signature covers."""
        return self.machine + self.image

    def read(self) -> Manifest:
        """The manifest. DiskError if it is not a valid one."""
        try:
            # None can declare entities: a document type is not allowed inside an element.
            return _Reader(_parsed(self.machine), _parsed(self.image)).manifest()
        except ET.ParseError:
            raise _wrong("it is not valid XML") from None


def part_name(prefix: str, index: int) -> str:
    """The name of a part; the first one's index is 0."""
    return f"{prefix}.part.{index:02}"


def manifest_name(prefix: str) -> str:
    """The name of a manifest."""
    return f"{prefix}.manifest.xml"


def signed_text(manifest: Manifest) -> bytes:
    """The text that a manifest's signature covers."""
    return ET.tostring(_machine(manifest)) + ET.tostring(_image(manifest))


def manifest_text(manifest: Manifest, signature: str, release: str) -> bytes:
    """The whole manifest, with the signature of its `signed_text`; `release` is extenci's version."""
    bundler = ET.Element("bundler")
    for name, value in (("name", "extenci"), ("version", release), ("release", "0")):
        _add(bundler, name, value)
    return b"".join(
        (
            b'<?xml version="1.0"?><manifest><version>2007-10-10</version>',
            ET.tostring(bundler),
            signed_text(manifest),
            f"<signature>{signature}</signature></manifest>\n".encode(),
        )
    )


def find_signed(text: bytes) -> SignedManifest:
    """The signed parts of a manifest from an untrusted maker. DiskError if it cannot be one."""
    if len(text) > MOST_BYTES:
        raise _wrong(f"it is longer than {MOST_BYTES:,} bytes")
    if not _VERSION.search(text):
        raise _wrong(f"it is not of the version {VERSION}")
    if text.count(b"<") > MOST_MARKS:
        raise _wrong("it has more elements than its parts need")
    machine, image = _text_of(text, "machine_configuration"), _text_of(text, "image")
    signature = _text_of(text, "signature").removeprefix(b"<signature>").removesuffix(b"</signature>")
    return SignedManifest(machine, image, _checked("signature", signature.decode("latin-1").strip(), _HEX))


def _parsed(text: bytes) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - bounded, and an element alone can declare no entities


@dataclass(frozen=True)
class _Reader:
    machine: ET.Element
    image: ET.Element

    def manifest(self) -> Manifest:
        if self._text(self.image, "type") != "machine":
            raise _wrong("it describes a kernel or ramdisk, not a machine image")
        return Manifest(
            name=self._text(self.image, "name"),
            user=self._text(self.image, "user"),
            architecture=self._text(self.machine, "architecture"),
            sha1=_checked("digest", self._text(self.image, "digest"), _SHA1).lower(),
            size=self._count("size"),
            bundled_size=self._count("bundled_size"),
            for_cloud=self._secret("ec2"),
            for_user=self._secret("user"),
            parts=tuple(self._parts()),
            kernel=(self.machine.findtext("kernel_id") or "").strip() or None,
            ramdisk=(self.machine.findtext("ramdisk_id") or "").strip() or None,
        )

    def _secret(self, whose: str) -> EncryptedSecret:
        """The secret for one reader; euca2ools may leave the user's empty."""
        key, iv = ((self.image.findtext(f"{whose}_encrypted_{one}") or "").strip() for one in ("key", "iv"))
        if not key and not iv and whose == "user":
            return EncryptedSecret("", "")
        return EncryptedSecret(
            _checked(f"{whose}_encrypted_key", key, _HEX), _checked(f"{whose}_encrypted_iv", iv, _HEX)
        )

    def _parts(self) -> Iterator[BundlePart]:
        parts = self.image.find("parts")
        found = [] if parts is None else parts.findall("part")
        if parts is None or not found or parts.get("count") != str(len(found)):
            raise _wrong("its number of parts is not the number that it lists")
        if {one.get("index") for one in found} != {str(index) for index in range(len(found))}:
            raise _wrong("its parts are not numbered consecutively")
        for one in sorted(found, key=lambda one: int(one.get("index", ""))):
            name = _checked("filename", self._text(one, "filename"), _PART_NAME)
            yield BundlePart(name, _checked("digest", self._text(one, "digest"), _SHA1).lower())

    def _count(self, name: str) -> int:
        return int(_checked(name, self._text(self.image, name), _NUMBER))

    def _text(self, element: ET.Element, name: str) -> str:
        text = (element.findtext(name) or "").strip()
        if not text:
            raise _wrong(f"it has no {name}")
        return text


def _text_of(text: bytes, name: str) -> bytes:
    """An element as it stands in a file, which must contain it once."""
    start, end = f"<{name}>".encode(), f"</{name}>".encode()
    first = text.find(start)
    last = text.find(end, first)
    if first < 0 or last < 0 or (name in ("machine_configuration", "image") and text.count(start) != 1):
        raise _wrong(f"it has no {name}, or several of them")
    return text[first : last + len(end)]


def _checked(name: str, value: str, pattern: re.Pattern[str]) -> str:
    if not pattern.fullmatch(value):
        raise _wrong(f"its {name} has the wrong form")
    return value


def _wrong(problem: str) -> DiskError:
    return DiskError(
        f"The bundle's manifest cannot be read: {problem}.", "Get the manifest again from its origin."
    )


def _machine(manifest: Manifest) -> ET.Element:
    machine = ET.Element("machine_configuration")
    _add(machine, "architecture", manifest.architecture)
    if manifest.kernel:
        _add(machine, "kernel_id", manifest.kernel)
    if manifest.ramdisk:
        _add(machine, "ramdisk_id", manifest.ramdisk)
    return machine


def _image(manifest: Manifest) -> ET.Element:
    """`type` must come right after `user` (euca2ools: "for EC2 compatibility")."""
    image = ET.Element("image")
    _add(image, "name", manifest.name)
    _add(image, "user", manifest.user)
    _add(image, "type", "machine")
    _add(image, "digest", manifest.sha1, algorithm=HASH)
    _add(image, "size", str(manifest.size))
    _add(image, "bundled_size", str(manifest.bundled_size))
    _add(image, "ec2_encrypted_key", manifest.for_cloud.key, algorithm=CIPHER)
    _add(image, "user_encrypted_key", manifest.for_user.key, algorithm=CIPHER)
    _add(image, "ec2_encrypted_iv", manifest.for_cloud.iv)
    _add(image, "user_encrypted_iv", manifest.for_user.iv)
    parts = ET.SubElement(image, "parts", count=str(len(manifest.parts)))
    for index, part in enumerate(manifest.parts):
        one = ET.SubElement(parts, "part", index=str(index))
        _add(one, "filename", part.name)
        _add(one, "digest", part.sha1, algorithm=HASH)
    return image


def _add(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
    ET.SubElement(parent, name, attributes).text = text
