//! Members with a fixed list of values (contract, section 3.3).

use serde::{Deserialize, Serialize};

use super::text::fold;

/// Defines an enum. Each variant has the contract's name and a list of other accepted spellings, folded.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident $([$($spelling:literal),+])?,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[expect(missing_docs, reason = "each is what it is called")]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// Every accepted spelling and its value.
            const SPELLINGS: &[(&str, Self)] = &[
                $((stringify!($variant), Self::$variant), $($(($spelling, Self::$variant),)+)?)+
            ];

            /// The values in the contract's spelling, in its order.
            pub const NAMES: &[&str] = &[$(stringify!($variant)),+];

            /// Reads a value; `None` if it is not on the list. Ignores case, spaces and punctuation.
            pub fn parse(text: &str) -> Option<Self> {
                let folded = fold(text);
                Self::SPELLINGS
                    .iter()
                    .find(|(spelling, _)| folded.eq_ignore_ascii_case(spelling))
                    .map(|(_, value)| *value)
            }

            /// The value in the contract's spelling.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($variant),)+
                }
            }
        }
    };
}

choice! {
    /// A person's gender.
    Gender {
        M ["male", "man"],
        F ["female", "woman"],
        /// Neither male nor female: `X` on an identity document.
        NonBinary ["nb", "x"],
        /// The person was asked and declined.
        PreferNotToSay ["prefernottoanswer", "prefernottodisclose", "rathernotsay", "declinetoanswer", "declinetostate"],
        Other ["o"],
        /// The partner does not know.
        Unknown ["u", "na", "notspecified", "unspecified"],
    }
}

// No single letters: one partner uses `S` for single, another for separated.
choice! {
    /// A person's marital status.
    MaritalStatus {
        Married,
        Single ["nevermarried"],
        Widow ["widowed", "widower"],
        Separated ["legallyseparated"],
        Divorced,
    }
}

// No "freelance": it can mean a contractor or a self-employed person.
choice! {
    /// How a person earns a living.
    EmploymentType {
        Employed ["fulltime", "employedfulltime", "fulltimeemployed"],
        PartTime ["employedparttime", "parttimeemployed"],
        SelfEmployed,
        Contractor ["independentcontractor"],
        Unemployed ["notemployed"],
        Retired,
        Student,
        Military,
        Homemaker,
        Disabled,
        Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn genders() {
        for (text, gender) in [
            ("M", Some("M")),
            ("m", Some("M")),
            ("MALE", Some("M")),
            ("f", Some("F")),
            ("Female", Some("F")),
            ("NonBinary", Some("NonBinary")),
            ("non-binary", Some("NonBinary")),
            ("Non Binary", Some("NonBinary")),
            ("nb", Some("NonBinary")),
            ("X", Some("NonBinary")),
            ("PreferNotToSay", Some("PreferNotToSay")),
            ("prefer not to say", Some("PreferNotToSay")),
            ("prefer_not_to_say", Some("PreferNotToSay")),
            ("other", Some("Other")),
            ("O", Some("Other")),
            ("Unknown", Some("Unknown")),
            ("u", Some("Unknown")),
            ("N/A", Some("Unknown")),
            ("", None),
            ("-", None),
            ("1", None),
            ("mf", None),
            ("M/F", None),
            ("mail", None),
        ] {
            assert_eq!(Gender::parse(text).map(Gender::as_str), gender, "{text}");
        }
    }

    #[test]
    fn marital_statuses() {
        for (text, status) in [
            ("Married", Some("Married")),
            ("SINGLE", Some("Single")),
            ("never married", Some("Single")),
            ("widow", Some("Widow")),
            ("Widowed", Some("Widow")),
            ("widower", Some("Widow")),
            ("separated", Some("Separated")),
            ("divorced", Some("Divorced")),
            ("S", None),
            ("M", None),
            ("unmarried", None),
            ("domestic partner", None),
        ] {
            assert_eq!(MaritalStatus::parse(text).map(MaritalStatus::as_str), status, "{text}");
        }
    }

    #[test]
    fn employment_types() {
        for (text, employment) in [
            ("employed", Some("Employed")),
            ("Full-time", Some("Employed")),
            ("part time", Some("PartTime")),
            ("part-time", Some("PartTime")),
            ("PartTime", Some("PartTime")),
            ("self employed", Some("SelfEmployed")),
            ("SELF_EMPLOYED", Some("SelfEmployed")),
            ("contractor", Some("Contractor")),
            ("unemployed", Some("Unemployed")),
            ("Not employed", Some("Unemployed")),
            ("retired", Some("Retired")),
            ("student", Some("Student")),
            ("military", Some("Military")),
            ("homemaker", Some("Homemaker")),
            ("disabled", Some("Disabled")),
            ("other", Some("Other")),
            ("freelance", None),
            ("un employed full time", None),
            ("unknown", None),
        ] {
            assert_eq!(EmploymentType::parse(text).map(EmploymentType::as_str), employment, "{text}");
        }
    }

    #[test]
    fn the_names_of_the_contract_are_read_and_printed() {
        macro_rules! check {
            ($choice:ident, $names:expr) => {
                assert_eq!($choice::NAMES, $names);
                for name in $choice::NAMES {
                    let value = $choice::parse(name).unwrap();
                    assert_eq!(value.as_str(), *name);
                    let json = format!("\"{name}\"");
                    assert_eq!(serde_json::to_string(&value).unwrap(), json);
                    assert_eq!(serde_json::from_str::<$choice>(&json).unwrap(), value);
                }
                for (spelling, value) in $choice::SPELLINGS {
                    assert_eq!($choice::parse(spelling), Some(*value), "{spelling} is folded and unique");
                }
            };
        }
        check!(Gender, ["M", "F", "NonBinary", "PreferNotToSay", "Other", "Unknown"]);
        check!(MaritalStatus, ["Married", "Single", "Widow", "Separated", "Divorced"]);
        check!(
            EmploymentType,
            [
                "Employed",
                "PartTime",
                "SelfEmployed",
                "Contractor",
                "Unemployed",
                "Retired",
                "Student",
                "Military",
                "Homemaker",
                "Disabled",
                "Other"
            ]
        );
    }
}
