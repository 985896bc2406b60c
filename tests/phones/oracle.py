"""Compares what we read in many texts with what libphonenumber (region US) reads in them (contract, section 3.3).

    target/phones/venv/bin/python tests/phones/oracle.py READER            compares, and checks answers.json
    target/phones/venv/bin/python tests/phones/oracle.py READER --write    compares, and writes answers.json

READER is the program that says what we read, `phones` of the tests. Where we accept a text, libphonenumber must read the
same number in what our cleaning leaves of it, and the same number or none in the text itself. None is what it cannot parse
and what it does not call possible. Every other difference must be one of EXCEPTIONS.
"""

import itertools
import json
import re
import subprocess
import sys
import tempfile
import unicodedata
from collections import Counter
from pathlib import Path

import phonenumbers
from texts import KNOWN, texts

ANSWERS = Path(__file__).parent / "answers.json"
COMMITTED = 500
SHOWN = 20

# Texts in which libphonenumber reads another number than we do, by a pattern: of the text in lower case without format
# characters, as it is or in NFKC.
EXCEPTIONS = {
    # In `1-800-FLEX-123` it takes the X for an extension, and what is before it for a local number.
    "a word that ends in a mark": r"[a-z](x|ext|xtn|int)[^a-z0-9]*[0-9]",
    # In `1-512-555-0123#` it takes 0123 for an extension, and 1-512-555 for a local number.
    "a # after ten digits": r"^[^0-9]*1[^0-9]*[0-9]{3}[^0-9]+[0-9]{3}[^0-9]+[0-9]{4}#",
    # Of `1-８00-FLOWERS` it takes the letters, and drops the digit in full width.
    "a digit in full width beside letters": r"[０-９].*[a-z]{3}|[a-z]{3}.*[０-９]",
    # In `800/xeroxed` it takes the x for a second extension, and drops it with all that follows.
    "a slash before an x": r"/ *x",
}


def libphonenumber(text):
    """The possible number in E.164 and its extension; none for both where there is no such number."""
    try:
        number = phonenumbers.parse(text, "US")
    except phonenumbers.NumberParseException:
        return None, None
    if not phonenumbers.is_possible_number(number):
        return None, None
    extension = number.extension and unicodedata.normalize("NFKC", number.extension)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), extension


def answers(reader, sent):
    """For each text what we read, and what libphonenumber does; both work at the same time."""
    with tempfile.TemporaryFile() as lines, tempfile.TemporaryFile() as read:
        lines.writelines(json.dumps(text).encode() + b"\n" for text in sent)
        lines.seek(0)
        with subprocess.Popen([reader], stdin=lines, stdout=read) as process:
            theirs = [libphonenumber(text) for text in sent]
        if process.returncode:
            sys.exit(f"{reader} failed")
        read.seek(0)
        ours = [json.loads(line) for line in read]
    return list(zip(sent, ours, theirs, strict=True))


def differences(ours, theirs):
    """How libphonenumber's reading of a text that we accept differs from ours."""
    number, extension = theirs
    if libphonenumber(ours["cleaned"]) != (ours["number"], None):
        yield "what is left is another number"
    if number not in (None, ours["number"]):
        yield "the text is another number"
    elif extension not in (None, ours["extension"]):
        yield "the text has another extension"


def exception(text):
    text = "".join(c for c in text.lower() if unicodedata.category(c) != "Cf")
    forms = text, unicodedata.normalize("NFKC", text)
    return next((name for name, pattern in EXCEPTIONS.items() if any(re.search(pattern, form) for form in forms)), None)


def committed(answered):
    """The answers that the tests of the workspace compare with: a text, libphonenumber's number, and the exception that the
    text may be. What our cleaning leaves of a text is among them."""
    known, generated = answered[: len(KNOWN)], answered[len(KNOWN) :]
    rows = {}
    for text, ours, (number, _) in itertools.chain(known, generated[:: len(generated) // COMMITTED]):
        if len(rows) >= COMMITTED:
            break
        rows.setdefault(text, [text, number, exception(text)])
        if isinstance(ours, dict):
            cleaned = ours["cleaned"]
            rows.setdefault(cleaned, [cleaned, libphonenumber(cleaned)[0], exception(cleaned)])
    return "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows.values()) + "\n]\n"


def main(reader, write):
    sent = texts()
    answered = answers(reader, sent)
    counts, kinds, unexplained = Counter(), Counter(), []
    for text, ours, theirs in answered:
        accepted = isinstance(ours, dict)
        for kind in (sent[text], "all"):
            counts[kind] += 1
            counts[kind, "us"] += accepted
            counts[kind, "libphonenumber"] += theirs[0] is not None
        for difference in differences(ours, theirs) if accepted else ():
            name = exception(text)
            kinds[difference, name] += 1
            if not name:
                unexplained.append((difference, text, ours, theirs))

    print(f"{'kind':10}{'texts':>10}{'accepted by us':>18}{'by libphonenumber':>20}")
    for kind in [*dict.fromkeys(sent.values()), "all"]:
        print(f"{kind:10}{counts[kind]:>10}{counts[kind, 'us']:>18}{counts[kind, 'libphonenumber']:>20}")
    for (difference, name), count in sorted(kinds.items(), key=str):
        print(f"{count:>6} times {difference}: {name or 'UNEXPLAINED'}")
    for difference in unexplained[:SHOWN]:
        print(*difference, sep="\n    ")
    if unexplained:
        sys.exit(f"{len(unexplained)} differences from libphonenumber are unexplained")
    if unused := EXCEPTIONS.keys() - {name for _, name in kinds}:
        sys.exit(f"no text is an exception by {unused}")

    if write:
        ANSWERS.write_text(committed(answered))
    elif committed(answered) != ANSWERS.read_text():
        sys.exit(f"{ANSWERS.name} is not what libphonenumber says: run it with --write")
    print(f"{ANSWERS.name} is what libphonenumber {phonenumbers.__version__} says")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:] == ["--write"])
