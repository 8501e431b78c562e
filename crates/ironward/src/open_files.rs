//! How many files, connections among them, the process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Below this many, a busy gateway runs out: each call takes one to the client and one to the
/// provider.
const FEW: u64 = 8192;

/// Raises the limit as far as the process may; what there is to say about it.
///
/// Shells and service managers start processes with a low limit and allow a higher one, for the
/// sake of programs that count files in a way of old.
pub(crate) fn raise() -> Option<String> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    let limit = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => maximum,
        Err(_) => current,
    };
    limit.filter(|limit| *limit < FEW).map(|limit| {
        format!(
            "at most {limit} files can be open, which is enough for some {} calls at once; raise the \
             hard limit (ulimit -Hn, LimitNOFILE= of systemd)",
            limit / 2
        )
    })
}
