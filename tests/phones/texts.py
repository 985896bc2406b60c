"""Texts that people and systems put into a phone field, and texts that end up there by mistake: the same ones each time.

The numbers are fictional: exchange 555, line 0100 to 0199.
"""

import itertools
import random

# What the contract, field reports and reviews name: each is among the committed answers too.
KNOWN = """
+15555550123|5125550123|15125550123|(512) 555-0123|+1512-555-0123|(+1) 512-555-0123|++1 512 555 0123|011 1 512 555 0123
+1 1 512 555 0123|tel:+1-512-555-0123;ext=5|Mobile: 512-555-0123|512-555-0123 (cell)|(home) 512-555-0123|5125550123 c
5125550123c|512-555-0123h|512-555-0123 home|512-555-0123 ext|512-555-0123x|512-555-0123 ext.|512-555-0123, cell
512-555-0123 - Sam's cell|512-555-0123 (cell|512-555-0123 call after 5pm|512-555-0123home|1-800-FLOWERS|1 800 FLOWERS
800-flowers|800 FLOWERS|1-800-GO-FEDEX|1-８00-FLOWERS|800/xeroxed|1-800-GO-FEDEX x12|1-800-FLEX-123|1-800-PRINT-12|1-800-TAX-1234|1-800-555-HOME
512-555-CELL|512 555 HOME|1-800-FLOWERS-NOW|1-800-FLOWERS now|512-XXX-XXXX|NXX-NXX-XXXX|512-555-O123|5l25550123
8a7f3e9b2c|b7ebb70c60b|9unknownxx|4 Elm Street|5 Oak Avenue|7 days a week|512 Oak Lane|512 Hill St|5125 Elm|12 Oak Lane
555-0123|555-0123 fax|5550123fax|555-0199 x9|555-0199 tel|555-0123-456|555-0123-456#|512-555-0123-9#|512-555-0123 9#
512-555-0123#|5125550123#|512-5550123#|1-512-555-0123#|512-555-0123 x99|512-555-0123x99|5125550123X99|512-555-0123 ext. 5
512-555-0123 extn 5|512-555-0123 xtn 5|512-555-0123 int 5|512-555-0123 extensión 9|512-555-0123 ext 5#|512-555-0123 ext#5
512-555-0123 w/ ext 5|512-555-0123 home ext 5|512-555-0123 ext 5 home|512-555-0123 #5|512-555-0123 x5125550124
512-555-0123 x302/x2303|512-555-0123 / x5|5125550123/5125550124|512-555-0123 or 512-555-0124|5125550123,,9#
( ) -|__________|+1 (___) ___-____|1 (___) ___-____|+1|+|1|n/a|none|0000000000|1125550123|11125550123|0125550123
+1 012 555 0123|+44 20 7946 0958|+5125550123|123-45-6789|2026-06-15|203.0.113.7|12:30|someone@example.com
""".replace("\n", "|").strip("|").split("|")

SPACES = [" ", "\u00a0", "\u2009", "  "]
DASHES = ["-", "\u2010", "\u2011", "\u2013", "\u2014", "\u2212", " - "]
SEPARATORS = [*SPACES, *DASHES, ".", "/", "~", "·"]
INVISIBLE = ["\u200b", "\u200e", "\u202a", "\u202c", "\u2060", "\ufeff", "\u00ad"]
PREFIXES = [
    "", "", "", "", "+1", "+1 ", "+1-", "+1.", "1", "1 ", "1-", "1.", "(+1) ", "(1) ", "++1 ", "+1 1 ", "011 1 ", "011", "+011 1 ",
    "+ 1 ", "0", "00 1 ", "+44 ", "tel:", "tel:+1-", "TEL: ", "Mobile: ", "Phone (cell): ", "(home) ", "call me at ", "☎ ", "#", "US +1 ",
]  # fmt: skip
MARKS = ["x", "X", " x", " x ", " ext ", " ext. ", " Ext: ", ", ext ", "ext", ";ext=", " extension ", " extensión ", " EXTENSIO\u0301N ",
         " extn ", " xtn ", " int ", " int. ", "#", " #", " # ", " (ext ", " w/ ext ", " home ext ", " ｅｘｔ ", " / x", "~", ",,", " xt "]  # fmt: skip
CLOSED = ["-", " ", " - ", ".", ",,", "  "]
REMARKS = [
    "", ".", ")", " ", "#", " #", "c", "h", "w", "m", " c", " H", "/m", "b", " z", "hm", " ext", " ext.", "x", " x", " x___", ";ext=", " int",
    " home", " Cell", " (cell)", "(work)", " ()", " (cell", "(cell", "home", "-home", " - Sam's cell", ", cell", " móvil", " call after five",
    " call after 5pm", " fax 5", " PO box 5", " apt #5", " x99 x100", " or 512-555-0199", " / 512-555-0199", ",512-555-0199", "/0199",
    " &", " ☎", "*", "+", "_", "!", " ok", " tel", " 5", "-9", " fax", " no", " a b c", "h please text", " \t", "\n",
]  # fmt: skip
WORDS = [
    "FLOWERS", "FLEX", "GO-FEDEX", "HOME", "CELL", "TAX", "EXTRA", "NEXT", "PRINT", "TEXT", "INT", "EXT", "XTN", "FAX", "X-FILES", "XXX", "XXXX",
    "NXX", "NNXX", "AAA", "OAK", "ELM", "MAIN", "LAWYERS", "A-B-C", "GOT.JUNK", "GOT-JUNK", "GOT JUNK", "PLUMBER", "CAFÉ", "O", "LO", "INNO",
    "MATTRES", "HOTLINE", "C-A-R-S", "CARS", "CAR", "1CAR", "FIX-IT", "BOX", "AUTO-EX", "TINT", "FOX", "SIX-SIX",
]  # fmt: skip
STREETS = ["Oak", "Elm", "Main", "Hill", "Congress", "Cesar Chavez", "Guadalupe", "MLK", "5th", "42nd", "Lamar", "Park", "Broadway", "Lincoln"]
SUFFIXES = ["", " St", " Street", " Ave", " Ave.", " Blvd", " Lane", " Ln", " Rd", " Dr", " Way", " Ct", " Pkwy", " Hwy 71"]
UNITS = ["", "", " Apt 4", " #5", " Unit 12B", " Ste 100", ", Apt. C", " Fl 2", " #210", " Lot 9"]
CITIES = ["", "", "", " Austin", ", Austin, TX", ", Austin TX 78701", " Dallas 75201", ", NY"]
PIECES = [
    "+", "1", "0", "011", "5", "12", "512", "800", "555", "0123", "555-0123", "5125550123", "(", ")", "-", " ", ".", "/", "#", "x", "ext", "int",
    "xtn", ";ext=", "w/", "tel:", "home", "flowers", "Oak", "XXX", "c", "h", "é", "５", "_", ",", ":", "~", "*", "&", "\u200b", "\u202a", "📞",
    "٣", "ﷺ", ";phone-context=", ";isub=", "extensión", "\u00a0", "\u2011", "\u2013",
]  # fmt: skip


def line(r):
    return f"01{r.randrange(100):02}"


def area(r):
    return r.choice(["512", "800", "888", "201", "416", "787", "876", "555", "900", f"{r.randrange(1000):03}", f"{r.randrange(200, 1000)}"])


def grouped(r):
    """Ten digits, as they are written."""
    parts = area(r), "555", line(r)
    kind = r.randrange(8)
    if kind == 0:
        return "".join(parts)
    if kind == 1:
        return "({}) {}-{}".format(*parts)
    if kind == 2:
        return "({}){}{}{}".format(parts[0], parts[1], r.choice(SEPARATORS), parts[2])
    if kind == 3:
        return "{}{}{}{}".format(parts[0], r.choice(SEPARATORS), parts[1], parts[2])
    if kind == 4:
        return "{}{}{}{}".format(parts[0], parts[1], r.choice(SEPARATORS), parts[2])
    if kind == 5:
        digits = "".join(parts)
        cut = sorted(r.sample(range(1, 10), r.randrange(1, 4)))
        return r.choice(SEPARATORS).join(digits[i:j] for i, j in itertools.pairwise([0, *cut, 10]))
    separator = r.choice(SEPARATORS)
    return separator.join(parts)


def written(r):
    number = r.choice(PREFIXES) + grouped(r)
    tail = r.randrange(5)
    extension = str(r.randrange(10 ** r.randrange(1, 8)))
    if tail == 0:
        number += r.choice(MARKS) + extension
    elif tail == 1:
        number += r.choice(CLOSED) + extension + "#"
    if r.randrange(2):
        number += r.choice(REMARKS)
    return number


def decorated(r):
    text = written(r)
    kind = r.randrange(6)
    if kind == 0:
        at = r.randrange(len(text) + 1)
        text = text[:at] + r.choice(INVISIBLE) + text[at:]
    elif kind == 1:
        text = text.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
    elif kind == 2:
        text = text.upper()
    return r.choice(["", "", "", " ", "\t"]) + text


def prefixed(r):
    prefix = "".join(r.choice(["+", "1", "1", "0", "11", "011", " ", "-", "(", "44"]) for _ in range(r.randrange(1, 6)))
    return prefix + grouped(r)


def local(r):
    return "555" + r.choice(SEPARATORS + [""]) + line(r) + r.choice(MARKS + [" fax ", "fax", " home"]) + str(r.randrange(10 ** 4)) + r.choice(REMARKS)


def vanity(r):
    before = r.choice(["1", "1-", "1 ", "+1 ", "(", "", ""]) + r.choice(["800", "888", "900", "512", "80", "512555", "512-555", "512 555", "5550123", area(r)])
    word = r.choice(WORDS)
    word = word if r.randrange(2) else word.lower()
    after = r.choice(["", "", "", str(r.randrange(10 ** r.randrange(1, 5)))])
    joint = ["-", "-", "-", " ", "", ".", ") ", " - "]
    text = before + r.choice(joint) + word + (r.choice(joint) + after if after else "")
    return text + r.choice(["", "", "", " x12", "#5", ";ext=5", " ext 7", ".", "#", " now", " NOW", "-NOW", "x5", "!"])


def swapped(r):
    """A number with one character that is another one."""
    text = list(written(r))
    for _ in range(r.randrange(1, 3)):
        at = r.randrange(len(text))
        other = r.choice([*"oOlIxXnNeEaA", *"0123456789", *PIECES])
        text[at] = other if r.randrange(3) else other + text[at]
    return "".join(text)


def address(r):
    number = str(r.randrange(1, 10 ** r.randrange(1, 7)))
    direction = r.choice(["", "", " N", " South", " E.", " NW"])
    return number + direction + " " + r.choice(STREETS) + r.choice(SUFFIXES) + r.choice(UNITS) + r.choice(CITIES)


def other(r):
    digits = lambda count: "".join(r.choice("0123456789") for _ in range(count))  # noqa: E731
    kinds = [
        lambda: "".join(r.choice("0123456789abcdef") for _ in range(r.randrange(6, 20))),
        lambda: f"{r.randrange(1900, 2030)}-{r.randrange(1, 13):02}-{r.randrange(1, 29):02}" + r.choice(["", f" {digits(2)}:{digits(2)}", f"T{digits(2)}:{digits(2)}:00Z"]),
        lambda: ".".join(str(r.randrange(256)) for _ in range(4)) + r.choice(["", ":8080"]),
        lambda: f"{digits(3)}-{digits(2)}-{digits(4)}",
        lambda: f"${r.randrange(10 ** 6)}.{digits(2)}",
        lambda: "".join(r.choice("abcdefghijklmnopqrstuvwxyz ") for _ in range(r.randrange(3, 14))),
        lambda: "".join(r.choice("0123456789 _()-.") for _ in range(r.randrange(5, 20))),
        lambda: digits(r.randrange(1, 17)) + r.choice(["", "c", " x", "#", " home"]),
        lambda: "(512) 555-0123".translate({ord(d): r.choice(["X", "_", "*", d, d]) for d in "0123456789"}),
    ]
    return r.choice(kinds)()


def soup(r):
    return "".join(r.choice(PIECES) for _ in range(r.randrange(1, 9)))


KINDS = {
    "written": (decorated, 80_000),
    "prefixed": (prefixed, 10_000),
    "local": (local, 10_000),
    "vanity": (vanity, 25_000),
    "swapped": (swapped, 35_000),
    "address": (address, 15_000),
    "other": (other, 20_000),
    "soup": (soup, 20_000),
}


def texts():
    """Every text with its kind, each once."""
    kinds = dict.fromkeys(KNOWN, "known")
    for kind, (generate, count) in KINDS.items():
        r = random.Random(kind)
        wanted = len(kinds) + count
        while len(kinds) < wanted:
            kinds.setdefault(generate(r), kind)
    return kinds
