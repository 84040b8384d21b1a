# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds an inventory against agent/inventory/SCHEMA.md, whose tables are the schema."""

import pathlib
import re

SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "agent/inventory/SCHEMA.md"

TYPES = {
    "text": lambda value: isinstance(value, str) and value != "",
    "number": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "real": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "yes/no": lambda value: isinstance(value, bool),
    "list of text": lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
    "list of numbers": lambda value: isinstance(value, list) and all(isinstance(item, int) for item in value),
    "object of text": lambda value: isinstance(value, dict),
}


def load():
    """{heading: {member: type}}, where a type is one of TYPES, or "object NAME" or "list of NAME" for another heading."""
    objects, current = {}, None
    for line in SCHEMA.read_text().splitlines():
        if heading := re.match(r"#+ `([\w.]+)`", line):
            current = objects.setdefault(heading[1], {})
        elif current is not None and (row := re.match(r"\| `(\w+)` \| ([^|]+?) \|", line)):
            current[row[1]] = row[2]
    return objects


def problems(value, kind="inventory", path="", objects=None):
    """What of the value is not as the schema has it."""
    objects = objects or load()
    members = objects[kind]
    for name in sorted(set(value) - {"sources"} - set(members)):
        yield f"{path}.{name}: not in the schema"
    for name, wanted in members.items():
        where = f"{path}.{name}"
        if name not in value:
            yield f"{where}: missing"
        elif value[name] is None:
            continue
        elif wanted in TYPES:
            if not TYPES[wanted](value[name]):
                yield f"{where}: {value[name]!r} is no {wanted}"
        elif wanted.startswith("list of "):
            for number, item in enumerate(value[name]):
                yield from problems(item, wanted.removeprefix("list of "), f"{where}[{number}]", objects)
        else:
            yield from problems(value[name], wanted.removeprefix("object "), where, objects)
