//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Designs, proves and rehearses a customer's managed cloud.
#[derive(Debug, Parser)]
#[command(name = "reeve", version, about, after_help = crate::exit::HELP, arg_required_else_help = true)]
pub(crate) struct Arguments {
    /// Print results as JSON on standard output.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// A folder of catalogue files that add to the embedded catalogue or override it.
    #[arg(long, global = true, value_name = "FOLDER")]
    pub(crate) catalog: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Begin an estate: write a commented estate.toml, and the schema for editors, into a new folder.
    New {
        /// The folder; its name becomes the estate's.
        name: PathBuf,
        /// Ask nothing, and fill in made-up values.
        #[arg(long)]
        defaults: bool,
    },
    /// Check an estate file: all findings at once, each with its place, the rule and the remedy.
    Check {
        /// The estate's folder, or its estate.toml.
        estate: PathBuf,
        /// Say what a key means, which value it has and where that comes from: environments.staging.database.engine.
        #[arg(long, value_name = "KEY")]
        explain: Option<String>,
        /// Try every reference to a secret; no value is ever shown.
        #[arg(long, conflicts_with = "explain")]
        resolve: bool,
    },
    /// Print the JSON Schema of estate.toml, for editors and other programs.
    Schema,
    /// Design an estate: addresses, subnets, groups, routes, names; writes reeve.lock and diagram.svg.
    Design {
        /// The estate's folder, or its estate.toml.
        estate: PathBuf,
        /// Write nothing; fail if the lock or the diagram would change.
        #[arg(long)]
        unchanged: bool,
        /// Where the diagram goes instead of beside the estate.
        #[arg(long, value_name = "FILE", conflicts_with = "unchanged")]
        out: Option<PathBuf>,
    },
    /// Prove the design's intents over every packet header.
    Prove {
        /// The estate's folder, or its estate.toml.
        estate: PathBuf,
    },
    /// Write what the customer's network team needs: its routers' configuration, the openings, the order for a line.
    Link {
        /// The estate's folder, or its estate.toml.
        estate: PathBuf,
        /// Where the files go instead of .reeve/link beside the estate.
        #[arg(long, value_name = "FOLDER")]
        out: Option<PathBuf>,
    },
    /// Write the names to hand over, or ask a server whether it has them.
    Names(Handing),
    /// Design, prove, stand up with real packets on this machine, attack, ask, report.
    Rehearse(Rehearsal),
    /// Log in to a host of a kept twin, from the operator's workstation through the bastion.
    Ssh {
        /// The estate's folder, or its estate.toml.
        estate: PathBuf,
        /// The host: production/apim-1.
        host: String,
        /// A command to run there instead of a shell, its words joined by spaces as ssh does; its standard input is empty.
        #[arg(last = true)]
        command: Vec<String>,
    },
    /// Kept twins.
    #[command(subcommand)]
    Twin(TwinCommand),
    /// Say what this machine can rehearse, and the remedy for the rest.
    Doctor,
}

#[derive(Debug, Args)]
pub(crate) struct Handing {
    /// The estate's folder, or its estate.toml.
    pub(crate) estate: PathBuf,
    /// A folder for the files; without it they go to standard output.
    #[arg(long, value_name = "FOLDER", conflicts_with = "verify")]
    pub(crate) out: Option<PathBuf>,
    /// The form: BIND's zone files with the reverse zones, comma-separated values, or a table.
    #[arg(long, value_enum, default_value_t = NamesFormat::Bind, conflicts_with = "verify")]
    pub(crate) format: NamesFormat,
    /// Ask this server, record by record, which are right, wrong, missing or stale.
    #[arg(long, value_name = "SERVER[:PORT]")]
    pub(crate) verify: Option<String>,
    /// An earlier reeve.lock: what the zone held by it is stale where it stands there still.
    #[arg(long, value_name = "LOCK", requires = "verify")]
    pub(crate) before: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum NamesFormat {
    Bind,
    Csv,
    Table,
}

#[derive(Debug, Args)]
pub(crate) struct Rehearsal {
    /// The estate's folder, or its estate.toml.
    #[arg(required_unless_present = "list_faults")]
    pub(crate) estate: Option<PathBuf>,
    /// Plant a fault, to see it found.
    #[arg(long, value_name = "NAME")]
    pub(crate) fault: Option<String>,
    /// List the faults that can be planted.
    #[arg(long)]
    pub(crate) list_faults: bool,
    /// Leave the packet matrix out, which is half of the time; its claim is then unknown.
    #[arg(long)]
    pub(crate) skip_matrix: bool,
    /// Leave the twin standing, for `reeve ssh`.
    #[arg(long)]
    pub(crate) keep: bool,
    /// Who plays the servers: the embedded stand-ins, real daemons, or real ones where they are installed.
    #[arg(long, value_name = "embedded|real|auto", default_value_t)]
    pub(crate) peers: steward::PeerChoice,
    /// The folder for this run's records instead of .reeve beside the estate.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) records: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TwinCommand {
    /// List the twins that are kept on this machine.
    Ls,
    /// Stop a kept twin: everything of it goes.
    Stop {
        /// The estate's name, the run's name or the process number that `twin ls` shows.
        #[arg(required_unless_present = "all")]
        twin: Option<String>,
        /// Stop all of them.
        #[arg(long, conflicts_with = "twin")]
        all: bool,
    },
}
