"""The objects and uploads that imports have left in a bucket."""

from __future__ import annotations

from extenci.cloud.clients import Clients
from extenci.model.leftovers import Uploaded
from extenci.model.s3 import StoredObject
from extenci.model.service import Service
from extenci.stage.s3_import.leftovers import find_leftovers

KEY = "extenci/lab/cloud/abc.raw"


def test_what_others_put_there_is_nothing_of_an_import() -> None:
    notes = StoredObject("extenci/lab/cloud/notes.txt", 5, "", 0.0)
    clients = Clients(Service("cloud", "us-east-1"))  # which is not asked
    assert find_leftovers(Uploaded("mine", (notes,)), clients).objects == ()


def test_the_zeros_of_a_disk_were_begun_with_it() -> None:
    clients = Clients(Service("cloud", "us-east-1"))
    found = find_leftovers(Uploaded("mine", begun={KEY: 50.0}), clients)
    assert found.begun == {f"{KEY}.zeros": 50.0}
