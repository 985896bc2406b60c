//! `Debug` for types that hold personal data or secrets.

/// Implements `Debug` so that it prints the type's name and nothing of its content.
macro_rules! redacted {
    ($($name:ty),+) => {$(
        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    )+};
}

pub(crate) use redacted;
