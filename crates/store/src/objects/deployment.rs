use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Kind, Metadata, Object, Origin, SealedValue};

/// A deployment that was added while running (`/model/new`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StoredDeployment {
    /// The model group that it belongs to.
    pub model_name: Box<str>,
    /// `litellm_params` without the secret ones.
    pub params: Metadata,
    /// The secret ones of `litellm_params`, sealed.
    pub sealed: BTreeMap<Box<str>, SealedValue>,
    /// `model_info`.
    pub model_info: Metadata,
    /// No call is sent to it.
    pub blocked: bool,
    /// Who made it.
    pub origin: Origin,
}

impl Object for StoredDeployment {
    const KIND: Kind = Kind::Deployment;
}
