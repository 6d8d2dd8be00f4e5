//! The one shape in which anything that went wrong reaches a person.

use std::fmt;

/// Who must act on a fault. Only the edges (HTTP, exit code) know what it maps to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// The request itself is wrong.
    Invalid,
    /// No proof of who is asking, or a broken or expired one.
    Unauthenticated,
    /// Known, but not allowed.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// Right in itself, wrong now: the state of things forbids it.
    Conflict,
    /// More bytes than this door takes.
    TooLarge,
    /// Not a format this door takes.
    Unsupported,
    /// Well-formed, but cannot be done as asked.
    Unprocessable,
    /// Too many requests.
    RateLimited,
    /// The server cannot, for now; the same request may work later.
    Unavailable,
    /// A bug of ours.
    Internal,
}

/// What went wrong: a stable code, who must act, a sentence for the person, and what to do.
///
/// `internal` is for the log only: it has no way into `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Fault {
    /// Stable, `snake_case`; what programs and translations key on.
    pub code: &'static str,
    /// Who must act.
    pub class: Class,
    /// One sentence for the person who asked.
    pub text: String,
    /// What to do next, if there is something.
    pub hint: Option<String>,
    internal: Option<String>,
}

impl Fault {
    /// A fault with no hint.
    #[must_use]
    pub fn new(class: Class, code: &'static str, text: impl Into<String>) -> Self {
        Self { code, class, text: text.into(), hint: None, internal: None }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds what only the log may know.
    #[must_use]
    pub fn internal(mut self, detail: impl fmt::Display) -> Self {
        self.internal = Some(detail.to_string());
        self
    }

    /// What only the log may know.
    #[must_use]
    pub fn internal_detail(&self) -> Option<&str> {
        self.internal.as_deref()
    }
}

macro_rules! of_class {
    ($($(#[$doc:meta])* $name:ident => $class:ident),* $(,)?) => {
        impl Fault {
            $($(#[$doc])*
            #[must_use]
            pub fn $name(code: &'static str, text: impl Into<String>) -> Self {
                Self::new(Class::$class, code, text)
            })*
        }
    };
}

of_class! {
    /// [`Class::Invalid`].
    invalid => Invalid,
    /// [`Class::NotFound`].
    not_found => NotFound,
    /// [`Class::Conflict`].
    conflict => Conflict,
    /// [`Class::Unprocessable`].
    unprocessable => Unprocessable,
    /// [`Class::Unavailable`].
    unavailable => Unavailable,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        if let Some(hint) = &self.hint {
            write!(f, " {hint}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fault[{}: {}", self.code, self.text)?;
        if let Some(internal) = &self.internal {
            write!(f, " ({internal})")?;
        }
        f.write_str("]")
    }
}

impl std::error::Error for Fault {}
