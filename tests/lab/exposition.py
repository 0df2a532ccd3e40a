# SPDX-License-Identifier: BSD-2-Clause
"""Reads Prometheus' text format 0.0.4, and is strict about it."""
import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (-?[0-9.]+(?:e[+-]?[0-9]+)?)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"')
UNITS = ("seconds", "bytes", "messages", "total", "info")


def labels(text):
    found, at = [], 0
    while at < len(text):
        m = LABEL.match(text, at)
        assert m, text
        found.append(m.groups())
        at = m.end()
        assert at == len(text) or text[at] == ",", text
        at += at < len(text)
    assert len(dict(found)) == len(found), text
    return tuple(sorted(found))


def family_of(name, types):
    """The family that a sample belongs to."""
    for suffix in ("", "_bucket", "_sum", "_count"):
        base = name.removesuffix(suffix) if suffix else name
        if base in types and (not suffix or types[base] == "histogram"):
            return base
    raise AssertionError(f"{name} has no TYPE before it")


def check_histograms(types, samples):
    for family in (f for f, kind in types.items() if kind == "histogram"):
        buckets = [(float(dict(key[1])["le"].replace("+Inf", "inf")), v)
                   for key, v in samples.items()
                   if key[0] == family + "_bucket"]
        assert buckets == sorted(buckets), buckets
        assert [v for _, v in buckets] == sorted(v for _, v in buckets)
        assert buckets[-1][0] == float("inf")
        assert buckets[-1][1] == samples[family + "_count", ()]
        assert (family + "_sum", ()) in samples


def parse(text):
    """({family: type}, {(name, labels): value})"""
    types, helps, samples, last = {}, set(), {}, None
    assert text.endswith("\n")
    for line in text[:-1].split("\n"):
        words = line.split(" ", 3)
        if words[:2] == ["#", "HELP"]:
            assert words[2] not in helps and len(words[3]) > 5, line
            helps.add(words[2])
        elif words[:2] == ["#", "TYPE"]:
            assert words[2] in helps and words[2] not in types, line
            assert words[3] in ("counter", "gauge", "histogram"), line
            assert words[3] != "counter" or words[2].endswith("_total"), line
            types[words[2]] = words[3]
            last = words[2]
        else:
            m = SAMPLE.fullmatch(line)
            assert m, f"no sample: {line!r}"
            key = m[1], labels(m[2] or "")
            assert family_of(m[1], types) == last, f"out of place: {line}"
            assert key not in samples, f"twice: {line}"
            samples[key] = float(m[3])
    assert helps == set(types)
    check_histograms(types, samples)
    return types, samples
