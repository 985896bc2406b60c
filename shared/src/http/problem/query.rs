//! What is wrong with a question for a list.

use std::borrow::Cow;

/// What is wrong with a question for a list, and where (contract, section 12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryFault {
    /// Whether the question is right, but we do not serve it.
    pub is_unsupported: bool,
    /// Where in the body or the query string it is.
    pub at: Spot,
    /// What is expected, or what is supported.
    pub detail: Cow<'static, str>,
}

/// A place in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spot {
    /// A JSON pointer into the body.
    Pointer(String),
    /// A parameter of the query string.
    Parameter(String),
}

impl QueryFault {
    /// A value that is wrong.
    pub fn invalid(at: Spot, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { is_unsupported: false, at, detail: detail.into() }
    }

    /// A filter, order or member that we do not serve.
    pub fn unsupported(at: Spot, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { is_unsupported: true, at, detail: detail.into() }
    }
}

impl Spot {
    pub(super) fn pointer(&self) -> Option<&str> {
        match self {
            Self::Pointer(pointer) => Some(pointer),
            Self::Parameter(_) => None,
        }
    }

    pub(super) fn parameter(&self) -> Option<&str> {
        match self {
            Self::Parameter(name) => Some(name),
            Self::Pointer(_) => None,
        }
    }
}
