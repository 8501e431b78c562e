//! The admin plane: its own listener, on loopback unless the operator says otherwise.
//!
//! A request goes one way. [`mod@router`] finds its route in the table of routes
//! (`ironward_policy::access`); [`actor`] finds out who asks; [`operation`] names what is done;
//! [`request`] reads the request into a closed struct; [`call`] asks the table for a [`permit`],
//! without which nothing is written and nothing answered; [`fault`] is the one way to say no.
//!
//! A kind of objects is one module such as [`keys`]. To add one: its requests as
//! [`request::Shape`]s, an operation for each route, how one is shown, and its lines in
//! [`operation`] and [`openapi`].

mod access_groups;
mod actor;
mod acts;
mod answer;
mod budgets;
mod call;
mod cascade;
mod chain;
mod credentials;
mod customers;
mod destination;
mod fault;
mod fields;
mod guest;
mod health;
mod identities;
mod import;
mod keys;
mod limits;
mod listener;
mod login;
mod making;
mod metrics;
mod models;
mod openapi;
mod operation;
mod organisations;
mod page;
mod permit;
mod person;
mod plane;
mod projects;
mod request;
mod router;
mod sealing;
mod service_accounts;
mod tags;
mod target;
mod teams;
mod users;

pub use actor::administrator_of;
pub use acts::{Acts, Appending};
pub use guest::Guest;
pub use health::Condition;
pub use import::{Count, Existing, IMPORTED_TABLES, Import, ImportedRow, Note, import};
pub use listener::{Certificate, serve};
pub use login::{Login, administrator_by_login};
pub use making::{Made, check_defaults};
pub use models::ConfiguredModel;
pub use plane::{Ask, Calls, Plane, Sealing, Settings, Sites};
pub use router::{probes, router};
pub use sealing::is_secret as is_secret_name;
