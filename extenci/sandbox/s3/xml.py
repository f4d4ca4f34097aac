"""S3's answers as XML."""

from __future__ import annotations

from datetime import datetime
from xml.sax.saxutils import escape

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


def time_text(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def bool_text(value: bool) -> str:
    return "true" if value else "false"


def element(name: str, *members: str, **values: object) -> str:
    texts = (f"<{key}>{escape(str(value))}</{key}>" for key, value in values.items() if value != "")
    return f"<{name}>{''.join(texts)}{''.join(members)}</{name}>"


def xml_answer(name: str, *members: str, **values: object) -> str:
    whole = element(name, *members, **values)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + whole.replace(
        f"<{name}>", f'<{name} xmlns="{NAMESPACE}">', 1
    )
