/// What a request says of a field. LiteLLM's updates keep what is absent and clear what is `null`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Field<T> {
    /// Nothing.
    #[default]
    Absent,
    /// `null`.
    Null,
    /// This.
    Value(T),
}

impl<T> Field<T> {
    /// The value; absent and `null` are nothing.
    pub(crate) fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// A look at the value.
    pub(crate) const fn get(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// Whether the request says anything, be it `null`.
    pub(crate) const fn is_given(&self) -> bool {
        !matches!(self, Self::Absent)
    }

    /// What is made of the value.
    pub(crate) fn map<U>(self, make: impl FnOnce(T) -> U) -> Field<U> {
        match self {
            Self::Absent => Field::Absent,
            Self::Null => Field::Null,
            Self::Value(value) => Field::Value(make(value)),
        }
    }

    /// Changes what may be unset: absent keeps, `null` clears.
    pub(crate) fn apply(self, slot: &mut Option<T>) {
        match self {
            Self::Absent => {}
            Self::Null => *slot = None,
            Self::Value(value) => *slot = Some(value),
        }
    }

    /// Changes what always has a value: absent keeps, `null` makes it the default.
    pub(crate) fn apply_or_default(self, slot: &mut T)
    where
        T: Default,
    {
        match self {
            Self::Absent => {}
            Self::Null => *slot = T::default(),
            Self::Value(value) => *slot = value,
        }
    }
}
