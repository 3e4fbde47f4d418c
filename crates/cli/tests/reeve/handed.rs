//! What is handed over: the network team's files and the names.

use std::fs;

use crate::place::{Place, names_in, word};

#[test]
fn the_network_team_gets_a_folder_for_each_connection() {
    let place = Place::new();
    let told = place.run(&["link", "../acme"]).with(0).stdout;
    for words in [
        "vpn-1: IPsec VPN to Cisco ISR 4331",
        "stand-ins",
        "no file holds a key",
    ] {
        assert!(told.contains(words), "wanted {words:?}: {told}");
    }
    let folder = place.path("acme/.reeve/link/vpn-1");
    let files = names_in(&folder);
    assert_eq!(
        files.iter().map(String::as_str).collect::<Vec<_>>(),
        ["network.md", "vpn-1.ios.cfg"]
    );
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect("a file");
    let router = read("vpn-1.ios.cfg");
    for words in ["203.0.113.10", "65010", "crypto ikev2", "<key:"] {
        assert!(router.contains(words), "wanted {words:?}: {router}");
    }
    let sheet = read("network.md");
    for words in [
        "stand-ins",
        "tunnel 2",
        "udp/123",
        "tcp/587",
        "10.20.0.0/19",
    ] {
        assert!(sheet.contains(words), "wanted {words:?}: {sheet}");
    }

    let out = place.path("output/pack");
    let json = place
        .run(&["link", "../acme", "--out", word(&out), "--json"])
        .with(0)
        .json();
    let files = json["links"][0]["files"].as_array().expect("files");
    for file in files {
        let path = file.as_str().expect("a path");
        assert!(path.starts_with(word(&out)), "{path}");
        let same = fs::read(path).expect("a file");
        let name = path.rsplit('/').next().expect("a name");
        assert_eq!(same, fs::read(folder.join(name)).expect("the other"));
    }
}

#[test]
fn a_router_that_nobody_knows_gets_a_sheet() {
    let place = Place::new();
    let path = place.path("acme/estate.toml");
    let text = fs::read_to_string(&path).expect("an estate");
    let other = text
        .replace("vendor = \"Cisco\"", "vendor = \"Grandstream\"")
        .replace("model = \"ISR 4331\"", "model = \"GWN7003\"")
        .replace("software = \"IOS XE 17.9\"", "software = \"1.0.7\"");
    assert_ne!(text, other);
    fs::write(&path, &other).expect("written");
    let told = place.run(&["link", "../acme"]).with(0).stdout;
    assert!(
        told.contains("is not a router that this version writes for"),
        "{told}"
    );
    assert!(told.contains("a sheet of parameters"), "{told}");

    // What check finds stands in the way of both commands, and nothing is written.
    let broken = other.replace("gateway = \"203.0.113.10\"", "gateway = \"10.1.2.3\"");
    assert_ne!(broken, other);
    fs::write(&path, broken).expect("written");
    let out = place.path("output/never");
    for words in [["link", "../acme"], ["names", "../acme"]] {
        let all = [&words[..], &["--out", word(&out)]].concat();
        place
            .run(&all)
            .with(2)
            .telling(&["findings that nobody waived"]);
        assert!(!out.exists(), "{words:?}");
    }
    // A file where the folder is to be.
    fs::write(&path, text).expect("written");
    fs::write(&out, "").expect("written");
    for words in [["link", "../acme"], ["names", "../acme"]] {
        let all = [&words[..], &["--out", word(&out)]].concat();
        place.run(&all).with(3).telling(&["failed to write"]);
    }
}

#[test]
fn names_are_handed_over_in_each_form() {
    let place = Place::new();
    let check = |form: &str, files: &[&str], words: &[&str]| {
        let text = place
            .run(&["names", "../acme", "--format", form])
            .with(0)
            .telling(&["production.acme.internal", "--verify SERVER"])
            .stdout;
        for word in words {
            assert!(text.contains(word), "{form}: wanted {word:?}: {text}");
        }
        assert!(
            !text.contains("dns-1"),
            "the customer knows its own: {text}"
        );
        let out = place.path(&format!("output/{form}"));
        place
            .run(&["names", "../acme", "--format", form, "--out", word(&out)])
            .with(0);
        let written = names_in(&out);
        assert_eq!(
            written.iter().map(String::as_str).collect::<Vec<_>>(),
            files
        );
    };
    check(
        "bind",
        &[
            "20.10.in-addr.arpa.zone",
            "21.10.in-addr.arpa.zone",
            "acme.example.zone",
        ],
        &["$ORIGIN acme.example.", "IN  A  10.20.0.4", "PTR"],
    );
    check(
        "csv",
        &["names.csv"],
        &["name,type,value,ttl", "api.acme.example,A,10.20.0.4,300"],
    );
    check("table", &["names.txt"], &["NAME", "api.acme.example"]);
    place.is_tidy("nothing was written elsewhere");
}
