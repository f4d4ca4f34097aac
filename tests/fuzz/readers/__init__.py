"""Every reader of what others wrote."""

from __future__ import annotations

from tests.fuzz.reader import Reader
from tests.fuzz.readers import ads, answers, bundles, disks, files, records, texts, web

READERS: dict[str, Reader] = {
    reader.name: reader
    for module in (files, records, disks, bundles, answers, web, ads, texts)
    for reader in module.READERS
}
