//! Styles, which a terminal shows and nothing else gets.

use anstyle::{AnsiColor, Style};

/// A heading.
pub(crate) const BOLD: Style = Style::new().bold();
/// A name next to its value.
pub(crate) const DIM: Style = Style::new().dimmed();
/// Something is right.
pub(crate) const GREEN: Style = AnsiColor::Green.on_default();
/// Something may be meant, and deserves a look.
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default();
/// Something is wrong.
pub(crate) const RED: Style = AnsiColor::Red.on_default().bold();
