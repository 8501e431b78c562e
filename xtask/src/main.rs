//! The house's own tasks; `cargo xtask help` lists them.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a task runner: it prints, runs programs and measures real time"
)]

mod bench;
mod catalogue;
mod clients;
mod demo;
mod deny;
mod dist;
mod fuzz;
mod gateway;
mod install;
mod issuers;
mod journal;
mod loom;
mod management;
mod process;
mod profile;
mod program;
mod reference;
mod schemathesis;
mod steps;
mod tidy;
mod tools;
mod weigh;
mod workspace;

use std::process::ExitCode;

use steps::Outcome;

/// A task: its name, what it does, and the function that does it.
struct Task {
    name: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Outcome,
}

/// Every task; each has a file of its name.
const TASKS: &[Task] = &[
    Task {
        name: "test",
        about: "everything that has to hold: format, lints, tidy, deny, tests, loom, docs, fuzz, clients, \
                issuers, journal, management, schemathesis [--only STEP,...] [--fail-fast]",
        run: steps::test,
    },
    Task {
        name: "tidy",
        about: "the house rules: layers, file sizes, names, exits of secrets",
        run: tidy::run,
    },
    Task {
        name: "deny",
        about: "suppliers: licences, sources, crates that stand in the tree twice [--advisories]",
        run: deny::check,
    },
    Task {
        name: "clients",
        about: "the official SDKs against a running Ironward [CLIENT ...] [--direct]",
        run: clients::run,
    },
    Task {
        name: "tools",
        about: "installs the services that tests run against; prints IRONWARD_TEST_TOOLS",
        run: tools::run,
    },
    Task {
        name: "issuers",
        about: "tokens of issuers that others wrote: oauth2-mock-server, oidc-provider",
        run: issuers::run,
    },
    Task {
        name: "journal",
        about: "a verifier in Python, from the specifications, over a journal that the binary wrote",
        run: journal::run,
    },
    Task {
        name: "loom",
        about: "the ledger's counters in every interleaving of threads",
        run: loom::run,
    },
    Task {
        name: "schemathesis",
        about: "made-up requests to the management API against its own document [--long] [--seed N]",
        run: schemathesis::run,
    },
    Task {
        name: "management",
        about: "LiteLLM's management calls, over SQLite and PostgreSQL [PYTEST OPTION ...]",
        run: management::run,
    },
    Task {
        name: "dist",
        about: "the binary as it is shipped: the dist profile, laid out by benches/dist.profdata",
        run: dist::run,
    },
    Task {
        name: "profile",
        about: "makes benches/dist.profdata anew, from the benchmark's calls",
        run: profile::run,
    },
    Task {
        name: "fuzz",
        about: "every fuzz target for a while [TARGET ...] [--seconds 10] [--seed N]",
        run: fuzz::run,
    },
    Task {
        name: "reference",
        about: "writes the pages below docs/ that are made from the code",
        run: reference::run,
    },
    Task {
        name: "catalogue",
        about: "writes the price catalogue from LiteLLM's price map [--check: nothing is lost] \
                [--compare: costs against LiteLLM's calculator]",
        run: catalogue::run,
    },
    Task {
        name: "bench",
        about: "Ironward against nginx [SCENARIO ...] [--rounds 3] [--seconds 10] [--binary PATH]",
        run: bench::run,
    },
    Task {
        name: "weigh",
        about: "instructions of the hot functions against benches/baseline.json [--update]",
        run: weigh::run,
    },
    Task {
        name: "demo",
        about: "a real small model behind Ironward; writes docs/demo-transcript.md",
        run: demo::run,
    },
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = args.split_first() else {
        return help();
    };
    let Some(task) = TASKS.iter().find(|task| task.name == name) else {
        return help();
    };
    match (task.run)(rest) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            println!("xtask {name}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn help() -> ExitCode {
    println!("usage: cargo xtask TASK\n");
    for task in TASKS {
        println!("  {:<12} {}", task.name, task.about);
    }
    ExitCode::from(2)
}
