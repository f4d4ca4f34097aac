"""`extenci schema`."""

from __future__ import annotations

from extenci.cli.terminal import write_result


def schema() -> int:
    """Print the JSON Schema of spec files, for editors that complete and check YAML.

    \b
    Example:
      extenci schema > extenci.schema.json
    then, as the first line of a spec file:
      # yaml-language-server: $schema=extenci.schema.json
    """
    from extenci.report.plan_json import render_json  # noqa: PLC0415 - loaded when used
    from extenci.spec import json_schema  # noqa: PLC0415

    write_result(render_json(json_schema()))
    return 0
