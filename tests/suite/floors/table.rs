//! The floors of every crate and of its modules, from the top down.
//!
//! A new module goes on the floor of what it does (architecture, "Floors"). If an import has to go up for it, the module, or
//! a part of it, belongs on another floor.

/// A target of a crate: a library, a binary or a suite.
#[derive(Debug)]
pub(super) struct Target {
    /// The root file.
    pub(super) root: &'static str,
    /// The name of the crate in imports.
    pub(super) name: &'static str,
    /// The modules. Those of one floor may import each other, but not in a circle. The root imports any of them. The empty
    /// name is the root itself, if modules import from it.
    pub(super) floors: &'static [&'static [&'static str]],
    /// Whether every module has its own floor. Otherwise inner modules have the floor of their outermost module.
    pub(super) each_file: bool,
    /// Whether it is a suite, which may import any crate.
    pub(super) is_test: bool,
}

impl Target {
    /// The module that decides the floor of this module: itself, or its outermost module.
    pub(super) fn unit<'a>(&self, module: &'a str) -> &'a str {
        if self.each_file { module } else { module.split("::").next().unwrap_or_default() }
    }
}

/// The crates. A crate imports those below its own floor.
pub(super) const CRATES: &[&[&str]] = &[
    &["tests", "benches", "floor", "fuzz"],
    &["leadctl", "local", "reference"],
    &["check_lead", "create_lead", "intake_lead", "process_lead", "read_leads", "show_app"],
    &["leadping"],
];

const fn library(name: &'static str, root: &'static str, floors: &'static [&'static [&'static str]]) -> Target {
    Target { root, name, floors, each_file: false, is_test: false }
}

const fn suite(name: &'static str, root: &'static str, floors: &'static [&'static [&'static str]]) -> Target {
    Target { root, name, floors, each_file: false, is_test: true }
}

pub(super) const TARGETS: &[Target] = &[
    library(
        "leadping",
        "shared/src/lib.rs",
        &[
            // What a function does.
            &["intake", "check", "read", "process"],
            // What it talks to.
            &["store", "queue", "bus", "trusted_form", "lookup"],
            // Reading and judging.
            &["payload", "validation", "identity", "http"],
            // Plumbing.
            &["client", "settings", "start", "telemetry"],
            // The model.
            &["lead", "source", "conversation", "event", "ledger", "failure", "id", "time"],
        ],
    ),
    library("check_lead", "functions/check-lead/src/lib.rs", &[]),
    library("check_lead", "functions/check-lead/src/main.rs", &[]),
    library("read_leads", "functions/read-leads/src/lib.rs", &[]),
    library("read_leads", "functions/read-leads/src/main.rs", &[]),
    library("create_lead", "functions/create-lead/src/lib.rs", &[]),
    library("create_lead", "functions/create-lead/src/main.rs", &[]),
    library("intake_lead", "functions/intake-lead/src/lib.rs", &[]),
    library("intake_lead", "functions/intake-lead/src/main.rs", &[]),
    library("process_lead", "functions/process-lead/src/lib.rs", &[]),
    library("process_lead", "functions/process-lead/src/main.rs", &[]),
    library("show_app", "functions/show-app/src/lib.rs", &[&["files"]]),
    library("show_app", "functions/show-app/src/main.rs", &[]),
    library("local", "local/src/main.rs", &[]),
    library(
        "local",
        "local/src/lib.rs",
        &[
            &["terminal"],
            &["stack"],
            // What invokes functions.
            &["gateway", "event_source", "schedule", "binary"],
            // Engines, stand-ins, functions.
            &["dynamodb", "sqs", "tables", "stand_ins", "runtime_api", "function", "event"],
            &["issuer"],
            &["server", "demo", "running"],
            &["task", "random"],
        ],
    ),
    suite("local", "local/tests/run.rs", &[]),
    library("reference", "reference/src/main.rs", &[]),
    library(
        "reference",
        "reference/src/lib.rs",
        &[
            &["html", "page", "validator"],
            &["reading"],
            &["openapi", "message", "events"],
            &["window"],
            &["payload", "answer"],
            &["problem"],
            &["kind", "yaml"],
        ],
    ),
    Target {
        root: "leadctl/src/main.rs",
        name: "leadctl",
        floors: &[
            &["cli"],
            // The nouns: each parses its commands and runs one.
            &["lead", "key", "source", "doctor", "dlq", "event", "inbox", "ledger", "report", "token", "unfinished"],
            // The commands.
            &[
                "doctor::data",
                "doctor::deployment",
                "doctor::outside",
                "event::replay",
                "event::tail",
                "report::consent",
                "report::refused",
                "key::revoke",
                "lead::erase",
                "lead::export",
                "lead::find",
                "source::check",
                "source::create",
                "source::delete",
                "source::spec",
                "source::update",
            ],
            // What commands share.
            &[
                "doctor::finding",
                "ledger::chain",
                "lead::export::sink",
                "source::change",
                "source::leads",
                "queue",
                "post",
                "trusted_form",
            ],
            &[
                "known",
                "lead::export::cursor",
                "lead::export::rows",
                "source::limits",
                "source::rules",
                "source::spec::html",
                "source::view",
            ],
            &["lead::export::extent", "lead::export::file", "lead::view", "dlq::letter", "input"],
            // Where a command acts, and what it prints.
            &["target"],
            &["target::care", "target::config", "target::deployed", "target::local", "target::remedies"],
            &["output", "output::csv"],
            &["output::table"],
            &["output::escape", "output::members", "output::screen", "output::style"],
            &["days"],
            &["error"],
        ],
        each_file: true,
        is_test: false,
    },
    suite(
        "leadctl",
        "leadctl/tests/cli/main.rs",
        &[
            &[
                "basics", "deployed", "doctor", "erasure", "events", "hostile", "keys", "leads", "ledger", "queue",
                "sources", "tokens", "volume",
            ],
            &["transcript"],
            &["front"],
            &["running"],
        ],
    ),
    suite(
        "tests",
        "tests/lib.rs",
        &[
            &["logins", "readers", "soak", "speed"],
            &["load", "consumption"],
            &["books", "proxy", "binaries", ""],
            &["logged", "template"],
        ],
    ),
    suite("tests", "tests/trials.rs", &[]),
    suite("tests", "tests/peers.rs", &[]),
    suite("tests", "tests/phones/read.rs", &[]),
    suite(
        "tests",
        "tests/suite/main.rs",
        &[&[
            "architecture",
            "binaries",
            "citations",
            "contract",
            "dry_run",
            "events",
            "floors",
            "journeys",
            "limits",
            "messages",
            "phones",
            "properties",
            "reading",
            "reference",
            "stand_ins",
            "stored",
            "rights",
            "runbooks",
            "template",
            "test_keys",
            "window",
        ]],
    ),
    suite(
        "tests",
        "tests/faults/main.rs",
        &[
            &["alarms", "events", "limits", "operators", "outages", "repeats", "retain", "round_trips", "soak"],
            &["points"],
            &["page", "world"],
        ],
    ),
    library("floor", "benches/floor/src/bin/floor.rs", &[]),
    library("floor", "benches/floor/src/bin/hello.rs", &[]),
    library("benches", "benches/benches/core.rs", &[]),
    library(
        "benches",
        "benches/src/main.rs",
        &[
            &["instructions", "comparison", "throughput", "memory", "python"],
            &["subject", "figures"],
            &["world", "artifacts"],
            &["tls"],
        ],
    ),
    library("fuzz", "fuzz/src/lib.rs", &[&["reading"], &["table"]]),
    library("fuzz", "fuzz/fuzz_targets/certificate_url.rs", &[]),
    library("fuzz", "fuzz/fuzz_targets/check_lead_event.rs", &[]),
    library("fuzz", "fuzz/fuzz_targets/create_lead_event.rs", &[]),
    library("fuzz", "fuzz/fuzz_targets/intake_lead_event.rs", &[]),
    library("fuzz", "fuzz/fuzz_targets/phone_number.rs", &[]),
    library("fuzz", "fuzz/fuzz_targets/read_leads_event.rs", &[]),
];
