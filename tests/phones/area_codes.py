"""Writes the table of area codes, shared/src/lead/phone_number/area_codes.rs, from libphonenumber's metadata.

    target/phones/bin/python tests/phones/area_codes.py            writes the table
    target/phones/bin/python tests/phones/area_codes.py --check    fails where the table is another one

An area code is a region's where libphonenumber names it as the region's leading digits, or knows valid numbers with it
in that region alone. Toll-free, premium and personal numbers are valid in many regions, so their area codes belong to
none.
"""

import re
import subprocess
import sys
from pathlib import Path

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumber, PhoneNumberType, number_type

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "shared/src/lead/phone_number/area_codes.rs"
REGIONS = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[1]
# Within an area code, not every exchange is in use.
EXCHANGES = (200, 234, 345, 456, 567, 678, 789, 890, 987)


def numbers(area_code):
    return [PhoneNumber(country_code=1, national_number=int(f"{area_code}{exchange}4567")) for exchange in EXCHANGES]


def regions(area_code):
    """The regions that have an area code: the United States and Canada have no leading digits of their own."""
    leading = {region: PhoneMetadata.metadata_for_region(region).leading_digits for region in REGIONS}
    valid = phonenumbers.is_valid_number_for_region
    return {region for region, digits in leading.items() if digits and re.fullmatch(digits, str(area_code))} or {
        region for number in numbers(area_code) for region in REGIONS if valid(number, region)
    }


def is_toll_free(area_code):
    return any(number_type(number) == PhoneNumberType.TOLL_FREE for number in numbers(area_code))


def table():
    owners = {area_code: regions(area_code) for area_code in range(200, 1000)}
    owned = {region: [code for code, owner in owners.items() if owner == {region}] for region in REGIONS}
    largest_first = sorted(owned.items(), key=lambda entry: (-len(entry[1]), entry[0]))
    rows = "\n".join(f"(Region::{region}, &{codes})," for region, codes in largest_first)
    toll_free = [code for code in owners if is_toll_free(code)]
    source = f"""\
//! Area codes of country code 1, from the metadata of libphonenumber {phonenumbers.__version__}.
//!
//! `tests/phones/area_codes.py` writes this file; `.ci/run phones` checks it.

use super::region::Region;

/// The area codes of each region, in order.
pub(super) static REGIONS: [(Region, &[u16]); {len(owned)}] = [
{rows}
];

/// The area codes that are free for the caller, which all regions share.
pub(super) static TOLL_FREE: [u16; {len(toll_free)}] = {toll_free};
"""
    rustfmt = ["rustfmt", "--edition", "2024", "--config-path", str(ROOT)]
    return subprocess.run(rustfmt, input=source, stdout=subprocess.PIPE, check=True, text=True).stdout


if sys.argv[1:] == ["--check"]:
    if table() != TABLE.read_text():
        sys.exit("the table of area codes is not libphonenumber's: python tests/phones/area_codes.py writes it")
    print("area codes: as libphonenumber has them")
else:
    TABLE.write_text(table())
