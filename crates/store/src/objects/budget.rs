use ironward_policy::Spending;
use serde::{Deserialize, Serialize};

use super::{Kind, Object, Origin};

/// Budget and limits that several objects share by name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Budget {
    /// What may be spent, by each object that names this budget.
    pub spending: Spending,
    /// Who made it.
    pub origin: Origin,
}

impl Object for Budget {
    const KIND: Kind = Kind::Budget;
}
