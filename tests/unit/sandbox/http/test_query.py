"""Query parameters as moto wants them."""

from __future__ import annotations

from extenci.sandbox.http.query import count_from_one, read_query, write_query


def test_lists_counted_from_zero_are_counted_from_one() -> None:
    """HTCondor's ec2_gahp counts from 0 (seen); AWS takes any numbers."""
    sent = {
        "Action": "CreateTags",
        "ResourceId.0": "i-1",
        "Tag.0.Key": "a",
        "Tag.0.Value": "1",
        "Tag.1.Key": "b",
    }
    assert count_from_one(sent) == {
        "Action": "CreateTags",
        "ResourceId.1": "i-1",
        "Tag.1.Key": "a",
        "Tag.1.Value": "1",
        "Tag.2.Key": "b",
    }


def test_order_is_by_number_and_gaps_close_on_each_level() -> None:
    sent = {"Filter.10.Name": "b", "Filter.2.Name": "a", "Filter.10.Value.7": "y", "Filter.10.Value.3": "x"}
    assert count_from_one(sent) == {
        "Filter.1.Name": "a",
        "Filter.2.Name": "b",
        "Filter.2.Value.1": "x",
        "Filter.2.Value.2": "y",
    }


def test_what_counts_from_one_stays() -> None:
    sent = {"InstanceId.1": "i-1", "InstanceId.2": "i-2", "MaxResults": "5"}
    assert count_from_one(sent) == sent


def test_reading_and_writing_keep_odd_characters_and_empty_values() -> None:
    parameters = {"Tag.1.Key": "a b&c=d+ü%", "Tag.1.Value": ""}
    assert read_query(write_query(parameters).decode()) == parameters
