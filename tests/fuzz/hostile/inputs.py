"""Contents of files that cannot be a configuration: broken, dangerous, too large or misleading."""

from __future__ import annotations

import random

Table = dict[str, tuple[bytes, str]]
"""Of each content: its bytes, and how the first message begins after the name of the file."""

VALID = """\
# A tank with a heater
format: 1
name: heated-tank
title: "Heated \\"tank\\""
keywords: [tank, 'control', "π"]
links: {documentation: "https://example.org/tank", 'more': ~}
uses:
  master: common/tools/master
  profile: {url: "https://example.org/p.csv", size: 120M, mount: true}
parameters: &all
  power: {type: number, unit: W, default: 1.2e4}
phases:
  execute:
    processes:
      broker:
        command: [mosquitto, -c, config/mosquitto.conf]
      simulator:
        script: |
          exec python3 simulate.py
        after: [broker]
? explicit
: !!str 12
again: *all
"""

_DEEP = 200
_MIB = 2**20


def _bytes(table: dict[str, tuple[str, str]]) -> Table:
    return {name: (text.encode(), message) for name, (text, message) in table.items()}


def limits() -> Table:
    """Return what costs time or memory."""
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
    )
    chain = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 60))
    block_deep = "".join(f"{' ' * n}k:\n" for n in range(_DEEP)) + " " * _DEEP + "x\n"
    nested = "".join(f"{' ' * 2 * n}-\n" for n in range(_DEEP))
    table = {
        "alias bomb": (bomb, "5:"),
        "alias bomb in keys": ("? &a [x, x]\n: *a\n", "1:3: a key must be text"),
        "alias chain": (chain, "32:12: nested more than 32 levels deep"),
        "alias of itself": ("a: &a [*a]\n", "1:8: the alias *a stands inside what it repeats"),
        "alias of a parent": ("a: &a\n  b: {c: *a}\n", "2:10: the alias *a stands inside"),
        "aliases of a scalar": (f"a: &a 1\nb: [{'*a, ' * 5000}]\n", "2:405: more than 100 aliases"),
        "flow lists": ("[" * _DEEP + "]" * _DEEP, "1:33: nested more than 32 levels deep"),
        "flow lists open": ("[" * _DEEP, "1:33: nested more than 32"),
        "flow mappings": ("{a: " * _DEEP + "1" + "}" * _DEEP, "1:129: nested more than 32"),
        "block mappings": (block_deep, "33:33: nested more than 32"),
        "block lists": ("- " * _DEEP + "x\n", "1:65: nested more than 32"),
        "block lists on lines": (nested, "33:65: nested more than 32"),
        "explicit keys": ("? " * _DEEP + "x\n", "1:3: a key must be text"),
        "mixed nesting": ("- {a: [" * _DEEP, "1:"),
        "duplicates without end": ("a: 1\n" * 50_000, "2:1: the key 'a' is written twice"),
        "many faults": ("[" + "012, " * 50_000 + "]", "1:2: 012 begins with 0"),
        "many anchors": ("".join(f"- &x{n} [\n" for n in range(50_000)), "2:1: "),
        "one anchor again": ("[" + "&x 1, " * 50_000 + "]", "1:8: the anchor &x is set twice"),
        "many values": ("[" + "1, " * 60_000 + "]", "1:149999: more than 50,000 values"),
        "many keys": ("".join(f"k{n}: 1\n" for n in range(60_000)), "50000:9: more than 50,000"),
        "many documents": ("--- 1\n" * 50_000, "2:1: a second document begins here"),
        "many directives": ("%YAML 1.1\n" * 50_000 + "--- 1\n", "2:"),
        "many tags": ("%TAG !e! tag:e,2026:\n" * 49_000 + "--- 1\n", "2:"),
        "long tag": (f"a: !{'x' * 500_000} 1\n", "1:4: the tag !xxx"),
        "long anchor": (f"a: *{'x' * 500_000}\n", "1:4: the alias *xxx"),
        "long anchor twice": (f"[&{'x' * 400_000} 1, &{'x' * 400_000} 2]\n", "1:"),
        "long key": (f"{'k' * 500_000}: 1\n", "1:"),
        "long explicit key twice": (f"? {'k' * 400_000}\n? {'k' * 400_000}\n", "2:3: the key 'kkk"),
        "long number": (f"a: {'9' * 900_000}\n", "1:4: a number has 900000 characters"),
        "long fraction": (f"a: 0.{'0' * 900_000}1\n", "1:4: a number has 900003 characters"),
        "long hexadecimal number": (f"a: 0x{'f' * 900_000}\n", "1:4: a number has 900002"),
        "long exponent": (f"a: 1e{'9' * 60}\n", "1:4: 1e999"),
        "long tagged number": (f"a: !!int '{'9' * 500_000}'\n", "1:4: a number has 500000"),
        "long word tagged as a number": (f"a: !!int {'x' * 500_000}\n", "1:4: 'xxx"),
        "quotes without end": (f"a: '{'x' * 900_000}", "1:4: quoted text begins here"),
        "open quotes on each line": (
            "a: 'x\n" * 100_001,
            "2:5: text goes on after its closing quote",
        ),
        "commas": ("[" + "," * 500_000, "1:2: "),
        "colons": (":" * 500_000, "1:"),
        "spaced colons": (": " * 250_000, "1:"),
        "braces": ("{" * 500_000, "1:2: a key must be text"),
        "question marks": ("? " * 250_000, "1:3: a key must be text"),
        "more than a mebibyte": ("# " + "x" * _MIB, "1:1: the file has 1,048,578 bytes"),
        "ten megabytes": ("a: 1\n" * 2_000_000, "1:1: the file has 10,000,000 bytes"),
    }
    return _bytes(table)


def encodings() -> Table:
    """Return what is not UTF-8, or holds characters that nobody sees."""
    marks = [0, 1, 7, 8, 11, 12, 14, 27, 31, 127, 0x80, 0x85, 0x9F, 0x2028, 0x2029, 0xFEFF, 0xFFFE]
    table: Table = {
        f"character U+{mark:04X}": (
            f"a: 1\nb: x{chr(mark)}y\n".encode(),
            f"2:5: the invisible character U+{mark:04X} is not allowed; remove it",
        )
        for mark in [*marks, 0xFFFF]
    }
    for name in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"):
        table[name] = (VALID.encode(name), "1:1: the file is in UTF-16 or UTF-32")
    for name in ("latin-1", "cp1252", "iso8859-15"):
        table[name] = ("a: 1\nb: café\n".encode(name), "2:7: the byte 0xe9 is not UTF-8")
    for name in ("cp866", "shift-jis", "gb18030", "euc-jp", "koi8-r"):
        table[name] = ("a: ж\n".encode(name), "1:4: the byte 0x")
    table |= {
        "high surrogate": (b"a: \xed\xa0\x80\n", "1:4: the byte 0xed is not UTF-8"),
        "surrogate pair": (b"a: \xed\xa0\xbd\xed\xb8\x80\n", "1:4: the byte 0xed is not UTF-8"),
        "overlong slash": (b"a: \xc0\xaf\n", "1:4: the byte 0xc0 is not UTF-8"),
        "overlong NUL": (b"a: \xc0\x80\n", "1:4: the byte 0xc0 is not UTF-8"),
        "cut character": (b"a: \xe2\x82", "1:4: the byte 0xe2 is not UTF-8"),
        "beyond Unicode": (b"a: \xf4\x90\x80\x80\n", "1:4: the byte 0xf4 is not UTF-8"),
        "five bytes": (b"a: \xf8\x88\x80\x80\x80\n", "1:4: the byte 0xf8 is not UTF-8"),
        "lone continuation": (b"\x80", "1:1: the byte 0x80 is not UTF-8"),
        "two byte order marks": (b"\xef\xbb\xbf\xef\xbb\xbfa: 1\n", "1:1: the invisible character"),
        "half a byte order mark": (b"\xef\xbba: 1\n", "1:1: the byte 0xef is not UTF-8"),
        "escape sequence": (b"a: \x1b[31mred\n", "1:4: the invisible character U+001B"),
        "NUL alone": (b"\x00", "1:1: the invisible character U+0000"),
        "NULs": (b"\x00" * 1000, "1:1: the invisible character U+0000"),
        "gzip": (b"\x1f\x8b\x08\x00" + bytes(60), "1:2: the byte 0x8b is not UTF-8"),
        "zip": (b"PK\x03\x04" + bytes(60), "1:3: the invisible character U+0003"),
        "ELF": (b"\x7fELF\x02\x01\x01" + bytes(60), "1:1: the invisible character U+007F"),
        "PNG": (b"\x89PNG\r\n\x1a\n" + bytes(60), "1:1: the byte 0x89 is not UTF-8"),
        "random bytes": (random.Random(5).randbytes(4096), "1:"),  # noqa: S311  # no secret
        "random mebibyte": (random.Random(6).randbytes(_MIB), "1:"),  # noqa: S311
    }
    return table


def meanings() -> Table:
    """Return what YAML allows, or other readers do, and a configuration must not mean."""
    numbers = ["012", "00", "-012", "+08", "0755", "0123456789", "-00", "00001"]
    table = {
        f"number {number}": (f"a: {number}\n", f"1:4: {number} begins with 0") for number in numbers
    }
    tags = [
        "!!python/object:os.system", "!!python/object/apply:os.system", "!!python/name:os.system",
        "!!python/module:os", "!!python/tuple", "!!binary", "!!timestamp", "!!set", "!!omap",
        "!!pairs", "!!merge", "!!value", "!!js/function", "!ruby/object:Gem", "!include", "!secret",
        "!env", "!Ref", "!<tag:yaml.org,2002:python/none>", "!<!x>",
    ]  # fmt: skip
    table |= {f"tag {tag} on text": (f"a: {tag} x\n", "1:4: the tag ") for tag in tags}
    table |= {f"tag {tag} on a list": (f"a: {tag} [x]\n", "1:4: the tag ") for tag in tags[:4]}
    table |= {f"tag {tag} on keys": (f"a: {tag} {{b: x}}\n", "1:4: the tag ") for tag in tags[:4]}
    table |= {
        "tag on a key": ("!!int 1: a\n", "1:1: the tag !!int is not supported here"),
        "text tagged !!int": ("a: !!int x\n", "1:4: 'x' is no !!int"),
        "text tagged !!bool": ("a: !!bool yes\n", "1:4: 'yes' is no !!bool"),
        "text tagged !!null": ("a: !!null x\n", "1:4: 'x' is no !!null"),
        "list tagged !!str": ("a: !!str [x]\n", "1:4: the tag !!str is not supported here"),
        "keys tagged !!seq": ("a: !!seq {x: 1}\n", "1:4: the tag !!seq is not supported here"),
        "unknown tag handle": ("a: !e!x 1\n", "1:4: a tag begins here that is not supported"),
        "half a verbatim tag": ("a: !<tag:x 1\n", "1:"),
        "too large": ("a: 1e999\n", "1:4: 1e999 is too large for a number"),
        "too large and negative": ("a: -1e999\n", "1:4: -1e999 is too large for a number"),
        "duplicate keys": ("a: 1\nb: 2\na: 3\n", "3:1: the key 'a' is written twice, first at 1:1"),
        "duplicate keys, quoted": ("a: 1\n'a': 3\n", "2:1: the key 'a' is written twice"),
        "duplicate keys, escaped": ('a: 1\n"\\x61": 3\n', "2:1: the key 'a' is written twice"),
        "duplicate keys in flow": ("{a: 1, a: 2}\n", "1:8: the key 'a' is written twice"),
        "duplicate empty keys": ("{: 1, : 2}\n", "1:"),
        "duplicate numbers as keys": ("1: a\n'1': b\n", "2:1: the key '1' is written twice"),
        "merge key": ("a: &x {b: 1}\nc:\n  <<: *x\n", "3:3: merge keys ('<<') are not supported"),
        "merge list": ("a: &x {b: 1}\nc: {<<: [*x]}\n", "2:5: merge keys"),
        "two documents": ("a: 1\n---\nb: 2\n", "2:1: a second document begins here"),
        "an empty second document": ("a: 1\n---\n", "2:1: a second document begins here"),
        "documents with ends": ("a: 1\n...\n---\nb: 2\n", "3:1: a second document begins here"),
        "text after the end": ("a: 1\n...\nb: 2\n", "3:1: "),
        "list as a key": ("[a, b]: 1\n", "1:1: a key must be text"),
        "mapping as a key": ("{a: 1}: 1\n", "1:1: a key must be text"),
        "template as a value": ("a: {{ b }}\n", "1:5: a key must be text"),
        "template as a key": ("? {{ b }}\n: 1\n", "1:3: a key must be text"),
        "explicit mapping as a key": ("? a: 1\n: 2\n", "1:3: a key must be text"),
        "explicit list as a key": ("? - a\n: 2\n", "1:3: a key must be text"),
        "alias as a key": ("a: &x b\n*x : 1\n", "2:1: a key must be text"),
        "anchor set twice": ("a: &x 1\nb: &x 2\n", "2:4: the anchor &x is set twice"),
        "anchor set twice on keys": ("&x a: 1\n&x b: 2\n", "2:1: the anchor &x is set twice"),
        "alias of nothing": ("a: *x\n", "1:4: the alias *x repeats nothing"),
        "alias before its anchor": ("a: *x\nb: &x 1\n", "1:4: the alias *x repeats nothing"),
        "alias with an anchor": ("a: &x 1\nb: &y *x\n", "2:"),
        "alias with a tag": ("a: &x 1\nb: !!int *x\n", "2:"),
        "two anchors": ("a: &x &y 1\n", "1:"),
        "two tags": ("a: !!int !!str 1\n", "1:"),
        "anchor without a name": ("a: & 1\n", "1:4: a '*' or '&' begins no name here"),
        "wildcard": ("a: *.example.org\n", "1:4: a '*' or '&' begins no name here"),
        "YAML 2.0": ("%YAML 2.0\n---\na: 1\n", "1:1: a directive begins here"),
        "YAML x": ("%YAML x\n---\na: 1\n", "1:"),
        "YAML version twice": ("%YAML 1.1\n%YAML 1.1\n---\na: 1\n", "2:1: a directive begins here"),
        "unfinished directive": ("%YAML\n---\na: 1\n", "1:"),
        "unknown directive": ("%FOO bar\n---\na: 1\n", "1:"),
        "directive without a document": ("%YAML 1.1\na: 1\n", "2:1: "),
        "directive within": ("a: 1\n%YAML 1.1\n---\n", "2:"),
    }
    return _bytes(table)


def syntax() -> Table:
    """Return what is no YAML at all."""
    table = {
        "tab before a key": ("a:\n\tb: 1\n", "2:1: a tab cannot indent YAML; use spaces"),
        "tab after spaces": ("a:\n  b: 1\n \tc: 1\n", "3:"),
        "tab at the start": ("\ta: 1\n", "1:1: a tab cannot indent YAML"),
        "tab in a list": ("-\ta:\n\tb\n", "1:2: a tab cannot indent YAML"),
        "tab in a literal block": ("a: |\n\tb\n", "2:1: a tab cannot indent YAML"),
        "tab after a literal line": ("a: |\n  b\n\tc\n", "3:1: a tab cannot indent YAML"),
        "unindented literal": ("a: |\nb\nc: 1\n", "2:"),
        "literal with a wrong header": ("a: |x\n  b\n", "1:5: "),
        "literal with no indent": ("a: |0\n  b\n", "1:5: "),
        "literal with two signs": ("a: |+-\n  b\n", "1:"),
        "literal with text behind": ("a: | b\n", "1:6: "),
        "less indented literal": ("a: |\n    b\n  c\n", "3:"),
        "single quote open": ("a: 'b\nc: 1\n", "1:4: quoted text begins here and does not end"),
        "double quote open": ('a: "b\nc: 1\n', "1:4: quoted text begins here and does not end"),
        "single quote inside": ("a: 'it's'\n", "1:8: "),
        "double quote inside": ('a: "x"y"\n', "1:7: "),
        "quotes in a row": ("a: 'x' 'y'\n", "1:8: "),
        "document marker in quotes": ("a: 'x\n---\n'\n", "1:4: quoted text begins here"),
        "Windows path": ('a: "C:\\data"\n', "1:7: a backslash begins no known escape here"),
        "short escape": ('a: "\\x1"\n', "1:"),
        "escaped surrogate": ('a: "\\ud800"\n', "1:"),
        "escape beyond Unicode": ('a: "\\UFFFFFFFF"\n', "1:"),
        "list open": ("a: [1, 2\nb: 1\n", "1:4: a list begins here with '[' and does not end"),
        "list open at the end": ("a: [1, 2", "1:4: a list begins here with '['"),
        "braces open": ("a: {b: 1\nc: 1\n", "1:4: keys begin here with '{' and do not end"),
        "wrong bracket": ("a: [1}\n", "1:4: a list begins here with '['"),
        "wrong brace": ("a: {b: 1]\n", "1:4: keys begin here with '{'"),
        "bracket too many": ("a: [1]]\n", "1:7: "),
        "brace too many": ("a: {b: 1}}\n", "1:10: "),
        "bracket alone": ("]\n", "1:1: "),
        "comma alone": (",\n", "1:1: "),
        "commas in a list": ("a: [1,,2]\n", "1:7: "),
        "at sign": ("a: @b\n", "1:4: text cannot begin with '@'; put it in quotes"),
        "backtick": ("a: `b`\n", "1:4: text cannot begin with a backtick"),
        "percent": ("a: %b\n", "1:4: text cannot begin with '%'"),
        "at sign as a key": ("@a: 1\n", "1:1: text cannot begin with '@'"),
        "colon within": ("a: b: c\n", "1:5: a ':' cannot stand here"),
        "colon in a list": ("- a: b: c\n", "1:7: a ':' cannot stand here"),
        "no colon": ("a: 1\nb\nc: 1\n", "2:1: a key has no ':' after it"),
        "no space after the colon": ("a:1\nb: 1\n", "2:2: a ':' cannot stand here"),
        "no space after the dash": ("- a\n-b\n", "2:"),
        "equals sign": ("a: 1\nb = 2\n", "2:1: a key has no ':' after it"),
        "INI": ("[section]\na = 1\n", "2:1: the file should have ended before this"),
        "TOML": ('name = "x"\n\n[phases]\nrun: 1\n', "4:4: a ':' cannot stand here"),
        "XML": ("<a>\n  <b c='d'/>\n</a>\nx: 1\n", "4:2: a ':' cannot stand here"),
        "Python": ("def f(x):\n    return {x: 1}\nf(1)\n", "3:"),
        "shell": ("#!/bin/sh\nset -e\necho 'a: b'\nx: 1\n", "3:8: a ':' cannot stand here"),
        "JSON cut": ('{"a": {"b": [1, 2', "1:13: a list begins here with '['"),
        "JSON with two values": ('{"a": 1} {"b": 2}\n', "1:10: "),
        "conflict markers": (
            "a: 1\n<<<<<<< HEAD\nb: 2\n=======\nb: 3\n>>>>>>> x\n",
            "2:1: a key has no ':' after it",
        ),
        "a diff": ("--- a/x\n+++ b/x\n@@ -1 +1 @@\n a: 1\n", "4:3: a ':' cannot"),
        "key outdented": ("a:\n  b: 1\n c: 2\n", "3:2: this is neither a key of the section above"),
        "key indented": ("a: 1\n  b: 2\n", "2:4: a ':' cannot stand here"),
        "key indented below keys": ("a:\n  b: 1\n    c: 2\n", "3:6: a ':' cannot stand here"),
        "key in a list": ("a:\n  - b\n  c: 1\n", "3:3: this is no item of the list above"),
        "item among keys": ("a: 1\n- b\n", "2:1: this is neither a key"),
        "item outdented": ("a:\n    - b\n  - c\n", "3:3: this is neither a key"),
        "list on the line of its key": ("a: - b\n", "1:4: "),
        "keys on one line": ("a: 1, b: 2\n", "1:8: a ':' cannot stand here"),
        "multi-line key": ("a\n b: 1\n", "2:3: a ':' cannot stand here"),
        "long key": (f"{'k' * 1025}: 1\n", "1:"),
        "quoted key over lines": ("'a\n b': 1\n", "2:4: a ':' cannot stand here"),
        "end without a document": ("\n...\n", "2:1: "),
    }  # fmt: skip
    return _bytes(table)


def prefixes() -> Table:
    """Return every beginning of a valid file."""
    content = VALID.encode()
    return {f"{size} bytes": (content[:size], "") for size in range(len(content))}


def everything() -> Table:
    """Return all that must be refused, each under a name of its own."""
    groups = {"limit": limits, "encoding": encodings, "meaning": meanings, "syntax": syntax}
    return {
        f"{group}: {name}": row for group, make in groups.items() for name, row in make().items()
    }
