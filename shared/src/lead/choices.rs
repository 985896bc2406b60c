//! The members whose values come from a fixed list (contract, section 3.3).

use serde::{Deserialize, Serialize};

use super::text::fold;

/// An enum whose variants are named as the contract spells them, each with the further spellings that mean it, folded.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident $([$($spelling:literal),+])?,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// Every value by its name in the contract and by what else means it.
            const SPELLINGS: &[(&str, Self)] = &[
                $((stringify!($variant), Self::$variant), $($(($spelling, Self::$variant),)+)?)+
            ];

            /// The values in the contract's spelling and order.
            pub const NAMES: &[&str] = &[$(stringify!($variant)),+];

            /// Reads a value; `None` for one that is not on the list. Case, spaces and punctuation do not count.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let folded = fold(text);
                Self::SPELLINGS
                    .iter()
                    .find(|(spelling, _)| folded.eq_ignore_ascii_case(spelling))
                    .map(|(_, value)| *value)
            }

            /// The value in the contract's spelling.
            #[must_use]
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
        /// Male.
        M ["male", "man"],
        /// Female.
        F ["female", "woman"],
        /// Neither male nor female; `X` on an identity document.
        NonBinary ["nb", "x"],
        /// The person was asked and declined.
        PreferNotToSay ["prefernottoanswer", "prefernottodisclose", "rathernotsay", "declinetoanswer", "declinetostate"],
        /// Anything else.
        Other ["o"],
        /// Not known to the partner.
        Unknown ["u", "na", "notspecified", "unspecified"],
    }
}

// No single letters here: `S` is single to one partner and separated to another.
choice! {
    /// A person's marital status.
    MaritalStatus {
        /// Married.
        Married,
        /// Never married.
        Single ["nevermarried"],
        /// Widowed.
        Widow ["widowed", "widower"],
        /// Married and living apart.
        Separated ["legallyseparated"],
        /// Divorced.
        Divorced,
    }
}

// "Freelance" is left out: it may be a contractor or a person in business on their own.
choice! {
    /// How a person earns a living.
    EmploymentType {
        /// Employed full time.
        Employed ["fulltime", "employedfulltime", "fulltimeemployed"],
        /// Employed part time.
        PartTime ["employedparttime", "parttimeemployed"],
        /// In business on their own.
        SelfEmployed,
        /// Under contract.
        Contractor ["independentcontractor"],
        /// Without work.
        Unemployed ["notemployed"],
        /// Retired.
        Retired,
        /// In education.
        Student,
        /// In the armed forces.
        Military,
        /// Keeping a home.
        Homemaker,
        /// Unable to work.
        Disabled,
        /// Anything else.
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
    fn names_are_the_contracts_and_read_as_themselves() {
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
