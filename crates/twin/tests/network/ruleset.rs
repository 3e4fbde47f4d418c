//! Reads filters back with `nft`, which knows nothing of how they were put in.

use std::io;
use std::process::Command;
use std::thread;

use model::packet::{IcmpMatch, Traffic};
use nix::sched::{CloneFlags, setns};
use serde_json::{Value, json};
use twin::stand::{self, Standing};

use crate::cases::chain;
use crate::world::World;

/// Stands a small network up and compares what `nft` says of a host with what its groups say.
pub(crate) fn read_back() -> Result<(), String> {
    if Command::new("nft").arg("--version").output().is_err() {
        println!("read back with nft: skipped, there is no nft (package nftables)");
        return Ok(());
    }
    let world = World::default()
        .vpc("v", &["10.0.0.0/16"])
        .subnet("v", "a", &["10.0.1.0/24"])
        .allow_in("v", "g", Traffic::tcp(22), "10.0.0.0/8")
        .allow_in(
            "v",
            "g",
            Traffic::Icmp(IcmpMatch::TypeCode(8, 0)),
            "0.0.0.0/0",
        )
        .allow_in("v", "g", Traffic::udp(53), "g")
        .allow_out("v", "g", Traffic::All, "10.0.1.7/32")
        .host("one", "v/a", &["10.0.1.10"], &["g"])
        .host("two", "v/a", &["10.0.1.11"], &["g"]);
    let standing = stand::up(&world.0).map_err(|error| chain(&error))?;
    let listed = list(&standing, "one").map_err(|error| error.to_string())?;
    let accepted = |chain: &str| -> Vec<Value> {
        rules(&listed, chain)
            .into_iter()
            .filter(|rule| rule.last() == Some(&json!({"accept": null})))
            .map(|rule| Value::Array(rule[..rule.len() - 1].to_vec()))
            .collect()
    };
    let field =
        |protocol: &str, field: &str| json!({"payload": {"protocol": protocol, "field": field}});
    let is =
        |left: Value, right: Value| json!({"match": {"op": "==", "left": left, "right": right}});
    let input = accepted("input");
    for wanted in [
        json!([
            is(
                field("ip", "saddr"),
                json!({"prefix": {"addr": "10.0.0.0", "len": 8}})
            ),
            is(field("tcp", "dport"), json!(22)),
        ]),
        json!([
            is(field("ip", "saddr"), json!("@group0-4")),
            is(field("udp", "dport"), json!(53)),
        ]),
    ] {
        if !input.contains(&wanted) {
            return Err(format!("no {wanted} in {input:?}"));
        }
    }
    let output = accepted("output");
    let wanted = json!([is(field("ip", "daddr"), json!("10.0.1.7"))]);
    if !output.contains(&wanted) {
        return Err(format!("no {wanted} in {output:?}"));
    }
    // Loopback, sentinel, neighbour discovery, known connections, and the rules of the group.
    let counts = (input.len(), output.len());
    if counts != (7, 5) {
        return Err(format!("{counts:?} rules accept: {input:?} {output:?}"));
    }
    let policies: Vec<&Value> = objects(&listed, "chain")
        .filter_map(|chain| chain.get("policy"))
        .collect();
    if policies != ["drop", "drop"] {
        return Err(format!("policies are {policies:?}"));
    }
    Ok(())
}

/// What `nft` says in a host's namespace.
fn list(standing: &Standing, host: &str) -> io::Result<Value> {
    let (_, namespace) = standing
        .hosts()
        .find(|(name, _)| name.as_str() == host)
        .ok_or_else(|| io::Error::other("no such host"))?;
    let output = thread::scope(|scope| {
        scope
            .spawn(|| {
                setns(namespace, CloneFlags::CLONE_NEWNET)?;
                Command::new("nft").args(["-j", "list", "ruleset"]).output()
            })
            .join()
            .map_err(|_| io::Error::other("the thread panicked"))?
    })?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(io::Error::other(words));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn objects<'a>(listed: &'a Value, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    let all = listed["nftables"].as_array();
    all.into_iter()
        .flatten()
        .filter_map(move |one| one.get(kind))
}

/// The expressions of each rule of a chain.
fn rules(listed: &Value, chain: &str) -> Vec<Vec<Value>> {
    objects(listed, "rule")
        .filter(|rule| rule["chain"] == chain)
        .filter_map(|rule| rule["expr"].as_array().cloned())
        .collect()
}
