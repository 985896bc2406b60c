//! The countries and territories that share country code 1.

use serde::{Deserialize, Serialize};

macro_rules! regions {
    ($($region:ident $name:literal),+ $(,)?) => {
        /// The ISO 3166 code of a country or territory with country code 1: `contact.phone.region` (contract, section
        /// 3.3).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Region { $(#[doc = $name] $region),+ }

        impl Region {
            /// All regions with country code 1.
            pub const ALL: &[Self] = &[$(Self::$region),+];

            /// The code as stored and returned.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$region => stringify!($region)),+ }
            }
        }
    };
}

regions! {
    AG "Antigua and Barbuda.",
    AI "Anguilla.",
    AS "American Samoa.",
    BB "Barbados.",
    BM "Bermuda.",
    BS "The Bahamas.",
    CA "Canada.",
    DM "Dominica.",
    DO "The Dominican Republic.",
    GD "Grenada.",
    GU "Guam.",
    JM "Jamaica.",
    KN "Saint Kitts and Nevis.",
    KY "The Cayman Islands.",
    LC "Saint Lucia.",
    MP "The Northern Mariana Islands.",
    MS "Montserrat.",
    PR "Puerto Rico.",
    SX "Sint Maarten.",
    TC "The Turks and Caicos Islands.",
    TT "Trinidad and Tobago.",
    US "The United States.",
    VC "Saint Vincent and the Grenadines.",
    VG "The British Virgin Islands.",
    VI "The United States Virgin Islands.",
}
