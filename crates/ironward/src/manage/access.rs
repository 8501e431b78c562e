//! `ironward access`.

use std::net::IpAddr;

use super::admin_port::Request;
use super::view::View;
use super::{Manage, Verb};
use crate::exit::Failure;

pub(crate) type Args = Manage<AccessVerb>;

/// What can be asked about access.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum AccessVerb {
    /// Say which rule of whom lets a chat call of a key through or refuses it, and make no call.
    Explain(Explain),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    /// The key's id.
    #[arg(long, value_name = "ID")]
    key: String,

    /// The model, as a client would write it.
    #[arg(long, value_name = "MODEL")]
    model: String,

    /// The address that the call would come from; without it rules about addresses are left out.
    #[arg(long, value_name = "ADDRESS")]
    source: Option<IpAddr>,
}

impl Verb for AccessVerb {
    fn request(&self) -> Result<Request, Failure> {
        let Self::Explain(explain) = self;
        let request = Request::get("/access/explain", View::Verdict)
            .query("key", Some(&explain.key))
            .query("model", Some(&explain.model));
        Ok(request.query("source", explain.source))
    }
}
