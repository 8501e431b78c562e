//! Ids inside stored objects, as plain text.

pub(crate) mod one {
    use ironward_core::Id;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(crate) fn serialize<K, S: Serializer>(
        id: &Id<K>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(id.as_str())
    }

    pub(crate) fn deserialize<'de, K, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Id<K>, D::Error> {
        String::deserialize(deserializer).map(|text| Id::new(&text))
    }
}

pub(crate) mod optional {
    use ironward_core::Id;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    #[expect(clippy::ref_option, reason = "serde's form")]
    pub(crate) fn serialize<K, S: Serializer>(
        id: &Option<Id<K>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        id.as_ref().map(Id::as_str).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, K, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Id<K>>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.map(|text| Id::new(&text)))
    }
}
