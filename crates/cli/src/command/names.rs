//! `names`: the names to hand over, and whether the customer's server has them.

use std::fs;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::Path;

use handover::names::{Stand, verification_text};
use model::Lock;
use model::service::Record;
use serde_json::{Value, json};
use steward::{Folder, Loaded, Names, NamesForm, NamesVerified, name_verdict};

use super::estate::{load_ready, unready};
use super::link::{designed, publish};
use super::{Failure, Given, print_json};
use crate::arguments::{Handing, NamesFormat};
use crate::exit::Exit;
use crate::show;

/// The port of DNS, where none is named.
const DNS: u16 = 53;

pub(crate) fn names(given: &Given, wanted: &Handing) -> Result<Exit, Failure> {
    let (folder, loaded) = load_ready(given, &wanted.estate)?;
    let (estate, design) = designed(&folder, &loaded)?;
    let names = Names::of(estate, &design);
    match &wanted.verify {
        Some(server) => {
            let server = resolved(server)?;
            let former = former(&loaded, wanted.before.as_deref())?;
            verify(given, &names, server, &former)
        }
        None => hand_over(given, &folder, wanted, &names),
    }
}

fn hand_over(
    given: &Given,
    folder: &Folder,
    wanted: &Handing,
    names: &Names,
) -> Result<Exit, Failure> {
    let form = match wanted.format {
        NamesFormat::Bind => NamesForm::Bind,
        NamesFormat::Csv => NamesForm::Csv,
        NamesFormat::Table => NamesForm::Table,
    };
    let files = names.documents(form);
    if let Some(out) = &wanted.out {
        for file in &files {
            publish(&out.join(&file.name), &file.text)?;
        }
    }
    if given.json {
        let written = wanted.out.iter();
        let paths = written.flat_map(|out| files.iter().map(|file| out.join(&file.name)));
        let mut all = as_json(names);
        all["files"] = json!(paths.collect::<Vec<_>>());
        print_json(&all)?;
        return Ok(Exit::Holds);
    }
    match &wanted.out {
        Some(out) => {
            for file in &files {
                outln!("Wrote {}", out.join(&file.name).display());
            }
        }
        None => {
            // Standard output is one thing: a list for programs has no prose in it.
            let prose = matches!(wanted.format, NamesFormat::Table);
            for file in files.iter().filter(|file| prose || !is_prose(&file.name)) {
                outln!("{}", file.text.trim_end_matches('\n'));
                outln!();
            }
            if !prose && files.iter().any(|file| is_prose(&file.name)) {
                errln!("what Amazon SES asks to be published: --format table, or --out FOLDER");
            }
        }
    }
    for forward in &names.forwards {
        let servers: Vec<String> = forward.servers.iter().map(ToString::to_string).collect();
        errln!(
            "the customer's servers pass {} on to {}",
            forward.zone,
            servers.join(", ")
        );
    }
    for note in &names.notes {
        errln!("{note}");
    }
    errln!(
        "then: reeve names {} --verify SERVER",
        folder.path().display()
    );
    Ok(Exit::Holds)
}

fn is_prose(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|extension| extension == "md")
}

fn as_json(names: &Names) -> Value {
    let mail: Vec<Value> = names
        .mail
        .iter()
        .flat_map(|(_, records)| records)
        .map(|one| match &one.stand {
            Stand::Ready(record) => json!({ "for": one.purpose, "record": record }),
            Stand::Awaited { shape, until } => {
                json!({ "for": one.purpose, "shape": shape, "awaited": until })
            }
        })
        .collect();
    json!({
        "zone": names.zone,
        "forwards": names.forwards,
        "mail": mail,
        "notes": names.notes,
    })
}

/// The server to ask: an address, an address and a port, or a name that this machine resolves.
fn resolved(server: &str) -> Result<SocketAddr, Failure> {
    let bracketed = server.strip_prefix('[');
    let bare = bracketed
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(server);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(SocketAddr::new(address, DNS));
    }
    if let Ok(address) = server.parse::<SocketAddr>() {
        return Ok(address);
    }
    let (name, port) = match server.rsplit_once(':') {
        Some((name, port)) => match port.parse::<u16>() {
            Ok(port) => (name, port),
            Err(_) => (server, DNS),
        },
        None => (server, DNS),
    };
    let unresolved = |source| Failure::Server {
        server: server.to_owned(),
        source,
    };
    (name, port)
        .to_socket_addrs()
        .map_err(|error| unresolved(Some(error)))?
        .next()
        .ok_or_else(|| unresolved(None))
}

/// The records that the zone held by an earlier lock.
fn former(loaded: &Loaded, before: Option<&Path>) -> Result<Vec<Record>, Failure> {
    let (Some(path), Some(estate)) = (before, loaded.ready()) else {
        return Ok(Vec::new());
    };
    let unread = |source| Failure::Before {
        path: path.to_owned(),
        source,
    };
    let text = fs::read_to_string(path).map_err(|error| unread(error.into()))?;
    let lock = Lock::parse(&text).map_err(|error| unread(error.into()))?;
    let design = design::design(estate, &loaded.catalog, &lock)
        .map_err(|findings| unready(loaded, findings))?;
    Ok(Names::of(estate, &design).zone.records)
}

fn verify(
    given: &Given,
    names: &Names,
    server: SocketAddr,
    former: &[Record],
) -> Result<Exit, Failure> {
    if !given.json {
        errln!(
            "Asking {server} for {} records of {}",
            names.zone.records.len(),
            names.zone.name
        );
    }
    let verified = names.verify(server, former).map_err(Failure::Ask)?;
    if given.json {
        print_json(&verified_as_json(server, &verified))?;
    } else {
        outln!("{}", verification_text(&verified.rows()).trim_end());
        let remedies = verified.records.iter().filter_map(|one| one.remedy());
        for remedy in remedies {
            outln!("- {remedy}");
        }
        show::mail_domain(&verified.mail);
    }
    Ok(verified.verdict().into())
}

fn verified_as_json(server: SocketAddr, verified: &NamesVerified) -> Value {
    let records: Vec<Value> = verified
        .records
        .iter()
        .map(|one| {
            json!({
                "name": one.name,
                "kind": one.kind,
                "verdict": name_verdict(&one.state).to_string(),
                "wanted": one.wanted,
                "state": one.state,
                "remedy": one.remedy(),
            })
        })
        .collect();
    json!({
        "server": server,
        "verdict": verified.verdict(),
        "records": records,
        "mail": verified.mail,
    })
}
