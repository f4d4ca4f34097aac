"""What pydantic leaves out of its JSON Schemas: the rules of `require_…` functions and of whole mappings, as
far as JSON Schema can say them."""

from __future__ import annotations

from pydantic.config import JsonDict

from extenci.model.abilities import GROUPS, Ability
from extenci.model.address import NAME
from extenci.model.ownership import PREFIX


def any_case(text: str) -> str:
    """A pattern for a text in capitals or not; JSON Schema has no flags."""
    return "".join(f"[{one.lower()}{one.upper()}]" if one.isalpha() else one for one in text)


NAME_SCHEMA: JsonDict = {"type": "string", "pattern": f"^{NAME.pattern}$"}
NAMES: JsonDict = {
    "anyOf": [
        NAME_SCHEMA,
        {"type": "array", "items": NAME_SCHEMA, "minItems": 1, "maxItems": 100, "uniqueItems": True},
    ]
}
ENTRY_NAMES: JsonDict = {"additionalProperties": False, "propertyNames": {"not": {"pattern": "^(ami-|emi-)"}}}
IMAGE: JsonDict = {"not": {"pattern": "^(ami|emi)-(?![0-9A-Za-z]{1,32}$)"}}
SOURCE: JsonDict = {
    "allOf": [
        {"not": {"pattern": "^(?!https://|s3://)[A-Za-z][A-Za-z0-9+.-]*://."}},
        {"not": {"pattern": "^https://(?:[^/]*@|[^/]*$|[^/]*/$|/|.* )"}},
        {"not": {"pattern": "^s3://(?![A-Za-z0-9][A-Za-z0-9._-]{0,254}/[^/].{0,1023}$)"}},
    ]
}
TAGS: JsonDict = {
    "propertyNames": {
        "minLength": 1,
        "maxLength": 127,
        "not": {"pattern": rf"^\s*$|^(?:{any_case('aws:')}|{any_case(PREFIX)})|[\x00-\x1f\x7f]"},
    }
}
ENDPOINT: JsonDict = {"pattern": r"^https?://[A-Za-z0-9\[][^/?#@\s]*(?:/[^?#\s]*)?$"}
DIFFERENT: JsonDict = {"uniqueItems": True}
ONE_USER_DATA: JsonDict = {"not": {"required": ["user_data", "user_data_file"]}}
DIGEST_OF_URL: JsonDict = {
    "if": {"properties": {"source": {"type": "string", "pattern": "^(https|s3)://"}}, "required": ["source"]},
    "then": {"required": ["sha256"]},
}
ONE_KIND_OF_CREDENTIALS: JsonDict = {
    "oneOf": [
        {"required": ["access_key_file", "secret_key_file"], "not": {"required": ["profile"]}},
        {
            "required": ["profile"],
            "not": {"anyOf": [{"required": ["access_key_file"]}, {"required": ["secret_key_file"]}]},
        },
    ]
}
_ELSEWHERE: JsonDict = {
    "required": ["condor"],
    "properties": {
        "condor": {
            "anyOf": [
                {"required": ["schedd"], "not": {"required": ["pool"]}},
                {
                    "required": ["pool"],
                    "properties": {"pool": {"not": {"pattern": r"^(localhost|127\.|::1|\[::1)"}}},
                },
            ]
        }
    },
}
_JOBS: JsonDict = {
    "anyOf": [
        {"required": ["condor"]},
        {"required": ["launch"], "properties": {"launch": {"const": "condor"}}},
    ]
}
_KEY_FILES: JsonDict = {
    "required": ["credentials"],
    "properties": {"credentials": {"required": ["access_key_file", "secret_key_file"]}},
}
_KEYS_OF_CONDOR: JsonDict = {
    "required": ["condor"],
    "properties": {"condor": {"required": ["credentials"]}},
}
SERVICE: JsonDict = {
    "anyOf": [{"required": ["region"]}, {"required": ["ec2"]}],
    "allOf": [
        {"if": _ELSEWHERE, "then": _KEYS_OF_CONDOR},
        {"if": _JOBS, "then": {"anyOf": [_KEYS_OF_CONDOR, _KEY_FILES]}},
    ],
}
ABILITIES: JsonDict = {"propertyNames": {"enum": [*GROUPS, *(str(one) for one in Ability)]}}
