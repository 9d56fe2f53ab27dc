"""Files that no program of ours writes. Every verifier has to refuse each of them, calmly."""

from __future__ import annotations

import json
from typing import Any

from tests.verifier_files import SampleLog, make_log, write

MEGABYTES = 10 * 1024 * 1024


def make_malformed(log: SampleLog) -> dict[str, bytes]:
    """Name -> bytes. All but the first few are broken copies of a good inclusion file."""
    good = write(log.inclusion(3))
    value = log.inclusion(3)
    text = good.decode()

    def changed(**changes: Any) -> bytes:
        return write({**value, **changes})

    files = {
        "nothing": b"",
        "one newline": b"\n",
        "one brace": b"{",
        "bytes that are no text": bytes(range(256)) * 16,
        "null": b"null\n",
        "a list": b"[]\n",
        "an empty object": b"{}\n",
        "10 MB of brackets": b"[" * MEGABYTES,
        "10 MB of objects": b'{"a":' * (MEGABYTES // 5),
        "10 MB of digits": b'{"index":' + b"9" * MEGABYTES + b"}\n",
        "10 MB of one string": b'{"a":"' + b"x" * MEGABYTES + b'"}\n',
        "10 MB of zeros": bytes(MEGABYTES),
        "10 MB of newlines": b"\n" * MEGABYTES,
        "10 MB of signature lines": b"a\n1\nb\n\n" + "\N{EM DASH} a b\n".encode() * 800_000,
        "10 MB of a string that never ends": b'{"a":"' + b"\\" * MEGABYTES,
        "nested 101 deep": b'{"a":' + b"[" * 100 + b"]" * 100 + b"}\n",
        "nested 100 deep": b'{"a":' + b"[" * 99 + b"]" * 99 + b"}\n",
        "CRLF": good.replace(b"\n", b"\r\n"),
        "no newline at the end": good[:-1],
        "two newlines at the end": good + b"\n",
        "a byte order mark": b"\xef\xbb\xbf" + good,
        "UTF-16": text.encode("utf-16"),
        "a space": good.replace(b'"index":3', b'"index": 3'),
        "keys in another order": json.dumps(dict(reversed(value.items()))).encode() + b"\n",
        "a duplicate key": good.replace(b'"index":3', b'"index":3,"index":3'),
        "a duplicate key of another value": good.replace(b'"index":3', b'"index":4,"index":3'),
        "a key that JavaScript knows": good.replace(
            b'{"checkpoint"', b'{"__proto__":{},"checkpoint"'
        ),
        "a format that JavaScript knows": changed(format="toString"),
        "a format of another type": changed(format=["kiyome.inclusion/1"]),
        "a letter that is no text": good.replace(b'"index":3', b'"index":3,"x":"\xff"'),
        "half a letter": good.replace(b'"format"', b'"\\ud800":0,"format"'),
        "half a letter as a value": changed(vkey="HALF").replace(b"HALF", b"\\ud800"),
        "a letter that is escaped without need": good.replace(b'"index"', b'"\\u0069ndex"'),
        "a key beyond ASCII": good.replace(b'"vkey"', '"vkey\u00e9":0,"vkey"'.encode()),
    }
    for number in (
        *("NaN", "Infinity", "-Infinity", "3.0", "3e0", "3.5", "1e400", "-0", "-3", "03", "+3"),
        *("9007199254740991", "9007199254740992", "9007199254740993", "18446744073709551619"),
        *("1e21", "1e309", "9" * 400, "9" * 5000, "true", "null", '"3"', "[3]", "{}", "0x3"),
    ):
        files[f"index {number[:24]} ({len(number)})"] = good.replace(
            b'"index":3', b'"index":' + number.encode()
        )
    for name in value:
        for other in (None, True, 7, "", "x", [], {}, [[]], {"a": 1}):
            files[f"{name} is {other!r}"] = changed(**{name: other})
    step = value["path"][0]
    for steps in (
        *([step[:-1]], [step + "00"], [step.upper()], [" " + step[1:]], [step[:-1] + "g"]),
        *([step] * 64, [step] * 65, [step] * 100_000, ["\u0660" * 64], [step[:-1] + "\u00e9"]),
    ):
        files[f"path {str(steps[0])[-6:]} ({len(steps)})"] = changed(path=steps)
    note = value["checkpoint"]
    origin, size, root = note.split("\n")[:3]
    for name, other in {
        "CRLF": note.replace("\n", "\r\n"),
        "a tab": note.replace(size, size + "\t"),
        "no signature": note.split("\n\n")[0] + "\n\n",
        "no blank line": note.replace("\n\n", "\n"),
        "two blank lines": note.replace("\n\n", "\n\n\n"),
        "a hyphen for the dash": note.replace("\N{EM DASH}", "-"),
        "a size with a zero": note.replace(f"\n{size}\n", f"\n0{size}\n"),
        "a huge size": note.replace(f"\n{size}\n", f"\n{'9' * 5000}\n"),
        "a size beyond 2**53": note.replace(f"\n{size}\n", "\n9007199254740993\n"),
        "a negative size": note.replace(f"\n{size}\n", f"\n-{size}\n"),
        "a root without padding": note.replace(root, root.rstrip("=")),
        "a root in base64url": note.replace(root, root.replace("/", "_").replace("+", "-") + "="),
        "a root with a space": note.replace(root, root[:10] + " " + root[10:]),
        "a root of 31 bytes": note.replace(root, "A" * 42 + "=="),
        "a signature without padding": note.rstrip("=\n") + "\n",
        "a name with a space": note.replace(origin, origin + "\u3000x"),
        "70 kB": note.replace("\n\n", "\n" + "x" * 70_000 + "\n\n"),
        "200 signatures": note + note.split("\n\n")[1] * 200,
    }.items():
        files[f"checkpoint with {name}"] = changed(checkpoint=other)
    for name, key in {
        "no id": origin,
        "a wrong id": f"{origin}+00000000+{value['vkey'].split('+', 2)[2]}",
        "a short key": f"{origin}+00000000+AQ==",
        "a plus in the name": "a+" + value["vkey"],
        "a newline": value["vkey"] + "\n",
        "no name": "+" + value["vkey"].split("+", 1)[1],
    }.items():
        files[f"vkey with {name}"] = changed(vkey=key)
    return files


def malformed_files() -> tuple[SampleLog, dict[str, bytes]]:
    """A log, and broken files of it."""
    log = make_log(3, 2)
    return log, make_malformed(log)
