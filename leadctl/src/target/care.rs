//! How careful to be before a change, by what the data is.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::error::Error;
use crate::output::escape::Shown;

/// What the data is, and with that how careful to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// This machine's.
    Local,
    /// A stack for trials: no real people.
    Trial,
    /// Real people's.
    Production,
    /// Perhaps real people's: the environment names it, and does not say.
    Unknown,
}

/// What comes before a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Care {
    None,
    Ask,
    Refuse,
}

impl Kind {
    /// How careful to be, by whether the operator has said `--yes`, and whether there is a person to ask.
    fn care(self, yes: bool, person: bool) -> Care {
        match self {
            _ if yes => Care::None,
            Self::Local | Self::Trial => Care::None,
            Self::Production | Self::Unknown if person => Care::Ask,
            Self::Production => Care::Refuse,
            // Scripts name tables by the environment, and nothing says that these are production's.
            Self::Unknown => Care::None,
        }
    }

    /// How careful to be with a change whose effect on others an operator may not expect.
    fn more_care(self, yes: bool, person: bool) -> Care {
        match self {
            _ if yes => Care::None,
            _ if person => Care::Ask,
            Self::Local | Self::Trial => Care::None,
            Self::Production | Self::Unknown => Care::Refuse,
        }
    }

    /// Asks before production is changed.
    ///
    /// # Errors
    /// [`Error::Refused`] when the answer is no, or there is no person to ask.
    pub(super) fn confirm(self, place: &str, what: &str, yes: bool) -> Result<(), Error> {
        self.care(yes, io::stdin().is_terminal()).confirm(place, what)
    }

    /// Asks before a change whose effect on others an operator may not expect.
    ///
    /// # Errors
    /// [`Error::Refused`] when the answer is no, or there is no person to ask and the data may be real people's.
    pub(super) fn confirm_always(self, place: &str, what: &str, yes: bool) -> Result<(), Error> {
        self.more_care(yes, io::stdin().is_terminal()).confirm(place, what)
    }
}

impl Care {
    fn confirm(self, place: &str, what: &str) -> Result<(), Error> {
        match self {
            Self::None => Ok(()),
            Self::Refuse => Err(Error::Refused(format!(
                "{place} may be production, and there is no terminal to ask whether to {what}: nothing was changed; give \
                 --yes to confirm"
            ))),
            Self::Ask => {
                write!(anstream::stderr(), "On {}: {}? [y/N] ", Shown(place), Shown(what))?;
                let mut answer = String::new();
                io::stdin().lock().read_line(&mut answer)?;
                match answer.trim().to_lowercase().as_str() {
                    "y" | "yes" => Ok(()),
                    _ => Err(Error::Refused("not confirmed: nothing was changed".to_owned())),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_learn_is_asked_wherever_there_is_a_person() {
        use Kind::{Local, Production, Trial, Unknown};
        for (kind, alone) in
            [(Local, Care::None), (Trial, Care::None), (Unknown, Care::Refuse), (Production, Care::Refuse)]
        {
            assert_eq!((kind.more_care(false, true), kind.more_care(false, false)), (Care::Ask, alone));
            assert_eq!(kind.more_care(true, false), Care::None);
        }
    }

    #[test]
    fn production_is_not_changed_without_a_word() {
        for (kind, yes, person, care) in [
            (Kind::Local, false, true, Care::None),
            (Kind::Trial, false, true, Care::None),
            (Kind::Production, false, true, Care::Ask),
            (Kind::Production, false, false, Care::Refuse),
            (Kind::Production, true, false, Care::None),
            (Kind::Unknown, false, true, Care::Ask),
            (Kind::Unknown, false, false, Care::None),
        ] {
            assert_eq!(kind.care(yes, person), care, "{kind:?} {yes} {person}");
        }
    }
}
