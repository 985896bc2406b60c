//! States and territories of the United States.

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, Error};

use super::text::fold;

/// The USPS code of a state, district, territory or military post (contract, section 3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct State(&'static str);

impl State {
    /// Reads a code or an English name, alone or combined with the country or with each other: `US-TX`, `TX - Texas`.
    /// Ignores case, spaces and punctuation. `None` for anything else, and for two different states.
    pub fn parse(text: &str) -> Option<Self> {
        Self::named(&fold(text)).or_else(|| {
            let separates = |c: char| !(c.is_alphanumeric() || c.is_whitespace() || c == '.');
            let (before, after) = text.split_once(separates)?;
            let is_country = |text: &str| COUNTRY.contains(&&*fold(text));
            if is_country(before) {
                return Self::parse(after);
            }
            let state = Self::named(&fold(before))?;
            (is_country(after) || Self::parse(after) == Some(state)).then_some(state)
        })
    }

    /// Finds a state by its folded code or name.
    fn named(folded: &str) -> Option<Self> {
        SPELLINGS
            .iter()
            .find(|(code, name)| folded == *name || folded.eq_ignore_ascii_case(code))
            .map(|(code, _)| Self(code))
    }

    /// The USPS code: two uppercase letters.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl<'de> Deserialize<'de> for State {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("not a state"))
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.0)
    }
}

/// Normalizes the state of an address: returns the USPS code if the text means one, else the text as sent (contract,
/// section 3.3).
pub fn normalize(text: &str) -> String {
    match State::parse(text) {
        Some(state) => state.as_str().to_owned(),
        None => text.to_owned(),
    }
}

/// Names of the country, folded.
const COUNTRY: &[&str] = &["us", "usa", "unitedstates", "unitedstatesofamerica"];

/// Each code with its names, folded.
const SPELLINGS: &[(&str, &str)] = &[
    ("AL", "alabama"),
    ("AK", "alaska"),
    ("AZ", "arizona"),
    ("AR", "arkansas"),
    ("CA", "california"),
    ("CO", "colorado"),
    ("CT", "connecticut"),
    ("DE", "delaware"),
    ("FL", "florida"),
    ("GA", "georgia"),
    ("HI", "hawaii"),
    ("ID", "idaho"),
    ("IL", "illinois"),
    ("IN", "indiana"),
    ("IA", "iowa"),
    ("KS", "kansas"),
    ("KY", "kentucky"),
    ("LA", "louisiana"),
    ("ME", "maine"),
    ("MD", "maryland"),
    ("MA", "massachusetts"),
    ("MI", "michigan"),
    ("MN", "minnesota"),
    ("MS", "mississippi"),
    ("MO", "missouri"),
    ("MT", "montana"),
    ("NE", "nebraska"),
    ("NV", "nevada"),
    ("NH", "newhampshire"),
    ("NJ", "newjersey"),
    ("NM", "newmexico"),
    ("NY", "newyork"),
    ("NC", "northcarolina"),
    ("ND", "northdakota"),
    ("OH", "ohio"),
    ("OK", "oklahoma"),
    ("OR", "oregon"),
    ("PA", "pennsylvania"),
    ("RI", "rhodeisland"),
    ("SC", "southcarolina"),
    ("SD", "southdakota"),
    ("TN", "tennessee"),
    ("TX", "texas"),
    ("UT", "utah"),
    ("VT", "vermont"),
    ("VA", "virginia"),
    ("WA", "washington"),
    ("WV", "westvirginia"),
    ("WI", "wisconsin"),
    ("WY", "wyoming"),
    ("DC", "districtofcolumbia"),
    ("DC", "washingtondc"),
    ("PR", "puertorico"),
    ("GU", "guam"),
    ("VI", "virginislands"),
    ("VI", "usvirginislands"),
    ("AS", "americansamoa"),
    ("MP", "northernmarianaislands"),
    ("AA", "armedforcesamericas"),
    ("AA", "armedforcestheamericas"),
    ("AE", "armedforceseurope"),
    ("AP", "armedforcespacific"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_and_names_become_the_code() {
        for (text, code) in [
            ("TX", "TX"),
            ("tx", "TX"),
            (" tx ", "TX"),
            ("texas", "TX"),
            ("Texas", "TX"),
            ("TEXAS", "TX"),
            ("N.Y.", "NY"),
            ("new  york", "NY"),
            ("NEW_YORK", "NY"),
            ("West Virginia", "WV"),
            ("Virginia", "VA"),
            ("Kansas", "KS"),
            ("Arkansas", "AR"),
            ("Washington", "WA"),
            ("Washington DC", "DC"),
            ("Washington, D.C.", "DC"),
            ("District of Columbia", "DC"),
            ("Puerto Rico", "PR"),
            ("guam", "GU"),
            ("Virgin Islands", "VI"),
            ("U.S. Virgin Islands", "VI"),
            ("American Samoa", "AS"),
            ("Northern Mariana Islands", "MP"),
            ("Armed Forces Americas", "AA"),
            ("Armed Forces Europe", "AE"),
            ("Armed Forces Pacific", "AP"),
            ("US-TX", "TX"),
            ("us-tx", "TX"),
            ("US_TX", "TX"),
            ("USA-TX", "TX"),
            ("US-VI", "VI"),
            ("U.S.-TX", "TX"),
            ("US - Texas", "TX"),
            ("TX, USA", "TX"),
            ("Texas, United States", "TX"),
            ("TX - Texas", "TX"),
            ("TX-Texas", "TX"),
            ("Texas - TX", "TX"),
            ("TX \u{2013} Texas", "TX"),
            ("Texas (TX)", "TX"),
            ("TX (Texas)", "TX"),
            ("TX/Texas", "TX"),
            ("TX: Texas", "TX"),
            ("[TX]", "TX"),
            ("US-TX - Texas", "TX"),
            ("NC - North Carolina", "NC"),
            ("New Hampshire (NH)", "NH"),
            ("DC - Washington, D.C.", "DC"),
            ("WA - Washington", "WA"),
            ("DC - Washington DC", "DC"),
            ("AS - American Samoa", "AS"),
            ("IN - Indiana", "IN"),
        ] {
            assert_eq!(normalize(text), code, "{text}");
        }
    }

    #[test]
    fn other_texts_stay_as_sent() {
        for text in [
            "ON",
            "XX",
            "Tex",
            "TX 78701",
            "TX-78701",
            "Ontario",
            "New York City",
            "-",
            "México",
            "78701",
            "US",
            "USA",
            "US-",
            "US-USA",
            "US-ON",
            "CA-ON",
            "CA - Los Angeles",
            "TX - Oklahoma",
            "TX/OK",
            "Kansas, Missouri",
            "Virginia, West",
            "USAA",
            "USOK",
            "Austin, TX",
        ] {
            assert_eq!(State::parse(text), None, "{text}");
            assert_eq!(normalize(text), text);
        }
    }

    #[test]
    fn the_table_is_complete_and_folded() {
        let codes: BTreeSet<_> = SPELLINGS.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes.len(), 50 + 1 + 5 + 3, "states, DC, territories, military posts");
        for (code, name) in SPELLINGS {
            assert_eq!(fold(name), *name);
            assert_eq!(State::parse(name), Some(State(code)), "{name}");
            assert_eq!(State::parse(code).map(State::as_str), Some(*code));
        }
    }

    #[test]
    fn json_is_the_code() {
        let state: State = serde_json::from_str(r#""texas""#).unwrap();
        assert_eq!(serde_json::to_string(&state).unwrap(), r#""TX""#);
        assert_eq!(state.to_string(), "TX");
        assert!(serde_json::from_str::<State>(r#""Ontario""#).is_err());
    }
}
