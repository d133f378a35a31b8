#!/usr/bin/python3
"""schema.py SCHEMA < document : prints each way in which a JSON document violates
the schema, with its path, and exits with 1; 0 if there is none."""

import json
import re
import sys
import warnings

warnings.simplefilter("ignore", DeprecationWarning)

from jsonschema import ValidationError, validators

SHOWN = 300  # characters of a message, which may repeat a whole document


def no_twins(pairs):
    """JSON forbids no member twice, but then readers differ in which they take."""
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"member {name} is there twice")
    return dict(pairs)


def no_constant(name):
    raise ValueError(f"{name} is no JSON")


def read(data):
    return json.loads(
        data.decode("utf-8"), object_pairs_hook=no_twins, parse_constant=no_constant
    )


def pattern(validator, wanted, instance, schema):
    """As JSON Schema means it: to Python, $ is also before a final line feed."""
    if validator.is_type(instance, "string"):
        if not re.search(re.sub(r"(?<!\\)\$", r"\\Z", wanted), instance):
            yield ValidationError(f"{instance!r} does not match {wanted!r}")


def violations(schema, document):
    kind = validators.validator_for(schema)
    kind.check_schema(schema)
    validator = validators.extend(kind, {"pattern": pattern})(schema)
    for error in sorted(validator.iter_errors(document), key=lambda e: e.json_path):
        yield f"{error.json_path}: {error.message}"[:SHOWN]


def main():
    with open(sys.argv[1], "rb") as file:
        schema = read(file.read())
    try:
        document = read(sys.stdin.buffer.read())
    except ValueError as error:
        print(f"$: {error}")
        return 1
    found = list(violations(schema, document))
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
