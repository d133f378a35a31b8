#!/usr/bin/python3
"""Reads OpenMetrics text on standard input.  Prints NAME{LABELS} VALUE for each
series, sorted; or says why it is not valid and exits with 1."""

import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families


def escaped(value):
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def series(sample):
    labels = ",".join(
        f'{name}="{escaped(value)}"' for name, value in sorted(sample.labels.items())
    )
    return sample.name + ("{" + labels + "}" if labels else "")


def number(value):
    return str(int(value)) if value == int(value) else repr(value)


def read(text):
    """What the parser passes over is refused here, too."""
    lines = {}
    for family in text_string_to_metric_families(text):
        if family.type == "unknown":
            raise ValueError(f"{family.name} has no TYPE")
        if not family.documentation:
            raise ValueError(f"{family.name} has no HELP")
        if not family.samples:
            raise ValueError(f"{family.name} has no sample")
        for sample in family.samples:
            if series(sample) in lines:
                raise ValueError(f"{series(sample)} is there twice")
            lines[series(sample)] = number(sample.value)
    # It drops a series that follows itself.
    there = sum(1 for line in text.split("\n") if line and line[0] != "#")
    if there != len(lines):
        raise ValueError(f"{there} samples, but {len(lines)} series")
    if not text.endswith("# EOF\n"):
        raise ValueError("it does not end in # EOF and a line break")
    return lines


def main():
    try:
        lines = read(sys.stdin.buffer.read().decode("utf-8"))
    except (ValueError, KeyError, IndexError) as why:
        sys.exit(f"not OpenMetrics: {why}")
    for name in sorted(lines):
        print(name, lines[name])


main()
