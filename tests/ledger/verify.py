#!/usr/bin/env python3
"""Verifies a ledger without Leadping's code (docs/contract.md, section 14). Standard library only.

aws dynamodb query --table-name LEDGER_TABLE --consistent-read --key-condition-expression 'pk = :ledger' \
    --expression-attribute-values '{":ledger": {"S": "LEDGER"}}' | tests/ledger/verify.py [HEAD]

HEAD is a digest that an earlier act printed. The exit code is 0 if the ledger holds, else 1.
"""

import hashlib
import json
import re
import sys


def faults(items, head):
    due, previous = 1, "0" * 64
    for item in sorted(items, key=lambda item: item["sk"]["S"]):
        key, text = item["sk"]["S"], item.get("document", {}).get("S", "")
        if not re.fullmatch("[0-9]{12}", key) or int(key) == 0:
            yield f"the item {key} is not an entry: its sort key is not a number of twelve digits"
            continue
        number = int(key)
        try:
            entry = json.loads(text)
        except ValueError:
            entry = None
        if number > due:
            last = number - 1
            yield f"entry {due} is missing" if due == last else f"entries {due} to {last} are missing"
        if not isinstance(entry, dict) or entry.get("number") != number:
            yield f"entry {number} is not an entry of this number"
        elif number == due and entry.get("previous") != previous:
            yield f"entry {number} does not continue the entry before"
        previous = hashlib.sha256(text.encode()).hexdigest()
        due = number + 1
        head = None if head == previous else head
    if head:
        yield "no entry has the digest of the given head"


found = list(faults(json.load(sys.stdin)["Items"], sys.argv[1] if len(sys.argv) > 1 else None))
print("\n".join(found) or "the ledger holds")
sys.exit(1 if found else 0)
