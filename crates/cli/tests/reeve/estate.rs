//! How an estate begins, is explained, refers to secrets and to other files; and files that nobody should give.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::process::Command;

use nix::sys::stat::Mode;

use crate::place::{Place, word};

/// A process of this size reads none of a hostile file into memory, KiB. An ordinary check takes a fifth of it.
const MEMORY: u32 = 600 * 1024;

#[test]
fn a_first_file_can_be_designed_and_is_never_overwritten() {
    let place = Place::new();
    place.run(&["new", "../globex", "--defaults"]).with(0);
    place.run(&["check", "../globex"]).with(0);
    place.run(&["design", "../globex"]).with(0);
    let schema = place.run(&["schema"]).with(0).stdout;
    let beside = fs::read_to_string(place.path("globex/estate.schema.json")).expect("a schema");
    assert_eq!(schema, beside);
    let before = fs::read(place.path("globex/estate.toml")).expect("an estate");
    let check = |words: &[&str], code: i32, telling: &str| {
        place.run(words).with(code).telling(&[telling]);
    };
    check(&["new", "../globex", "--defaults"], 2, "is there already");
    check(&["new", "../UPPER", "--defaults"], 2, "UPPER");
    check(&["new", "../a.b", "--defaults"], 2, "begin an estate");
    check(&["new", "/", "--defaults"], 2, "no name");
    check(&["new", "../initech"], 2, "--defaults");
    check(
        &["new", "/proc/initech", "--defaults"],
        3,
        "write /proc/initech",
    );
    assert!(!place.path("initech").exists());
    assert_eq!(
        fs::read(place.path("globex/estate.toml")).expect("an estate"),
        before
    );
}

#[test]
fn a_key_is_explained_in_the_file_that_says_it() {
    let place = Place::new();
    let file = place.path("acme/estate.toml");
    let text = fs::read_to_string(&file).expect("an estate");
    let shorter = text.replacen("zone = \"acme.example\"\n", "", 1);
    assert_ne!(text, shorter);
    fs::write(
        &file,
        format!("extends = \"../fleet/defaults.toml\"\n{shorter}"),
    )
    .expect("a file");
    fs::create_dir(place.path("fleet")).expect("a folder");
    let defaults = place.path("fleet/defaults.toml");
    fs::write(&defaults, "format = 1\n[dns]\nzone = \"acme.example\"\n").expect("a file");
    place.run(&["check", "../acme"]).with(0);
    let told = place
        .run(&["check", "../acme", "--explain", "dns.zone"])
        .with(0)
        .stdout;
    assert!(told.contains("fleet/defaults.toml:3:1"), "{told}");
    place
        .run(&["check", "../acme", "--explain", "dns.zoen"])
        .with(2)
        .telling(&["dns.zone"]);

    let check = |make: &dyn Fn(), telling: &str| {
        fs::remove_file(&defaults).expect("a file");
        make();
        let told = place.run(&["check", "../acme"]).with(2).stdout;
        assert!(
            told.contains("extends-unusable") && told.contains(telling),
            "{telling}: {told}"
        );
    };
    check(
        &|| symlink(&defaults, &defaults).expect("a link"),
        "symbolic links",
    );
    check(
        &|| nix::unistd::mkfifo(&defaults, Mode::S_IRWXU).expect("a pipe"),
        "regular file",
    );
    check(
        &|| symlink("/dev/zero", &defaults).expect("a link"),
        "regular file",
    );
    check(
        &|| fs::write(&defaults, "format = 1\nextends = \"../acme/estate.toml\"").expect("a file"),
        "leads round in a circle",
    );
}

#[test]
fn secrets_are_tried_and_never_shown() {
    let place = Place::new();
    let file = place.path("acme/estate.toml");
    let text = fs::read_to_string(&file).expect("an estate");
    let bin = place.path("bin");
    fs::create_dir(&bin).expect("a folder");
    fs::write(place.path("acme/secret"), "hunter2\n").expect("a file");
    let verdict = |reference: &str, path: &str| {
        let changed = text.replacen("env:ACME_SMTP_PASSWORD", reference, 1);
        fs::write(&file, changed).expect("a file");
        let output = place
            .reeve(&["check", "../acme", "--resolve", "--json"])
            .env("PATH", path)
            .env("ACME_SMTP_PASSWORD", "hunter2")
            .output()
            .expect("Reeve runs");
        let told = String::from_utf8(output.stdout).expect("text");
        assert!(!told.contains("hunter2"), "{told}");
        let json: serde_json::Value = serde_json::from_str(&told).expect("JSON");
        let tried = json["secrets"].as_array().expect("a list").clone();
        let one = tried.into_iter().find(|one| one["reference"] == reference);
        one.expect(reference)["verdict"]
            .as_str()
            .expect("a verdict")
            .to_owned()
    };
    let system = "/usr/bin:/bin";
    assert_eq!(verdict("env:ACME_SMTP_PASSWORD", system), "holds");
    assert_eq!(verdict("file:secret", system), "holds");
    assert_eq!(verdict("command:cat secret", system), "holds");
    assert_eq!(verdict("file:nowhere", system), "fails");
    assert_eq!(verdict("command:false", system), "fails");
    assert_eq!(verdict("age:secret", system), "fails");
    assert_eq!(verdict("aws-secret:acme/smtp", word(&bin)), "unknown");
    let aws = |script: &str| {
        fs::write(bin.join("aws"), format!("#!/bin/sh\n{script}\n")).expect("a file");
        let made = Command::new("chmod")
            .arg("+x")
            .arg(bin.join("aws"))
            .status();
        assert!(made.expect("chmod runs").success());
        verdict(
            "aws-secret:acme/smtp",
            &format!("{}:{system}", bin.display()),
        )
    };
    assert_eq!(aws("echo hunter2"), "holds");
    assert_eq!(
        aws("echo 'An error occurred (ResourceNotFoundException) hunter2' >&2; exit 254"),
        "fails"
    );
    assert_eq!(
        aws("echo 'An error occurred (AccessDeniedException) hunter2' >&2; exit 254"),
        "unknown"
    );
    assert_eq!(
        aws("echo 'Unable to locate credentials' >&2; exit 253"),
        "unknown"
    );
}

#[test]
fn hostile_files_take_little_memory() {
    let place = Place::new();
    let file = place.path("acme/estate.toml");
    let check = |name: &str, make: &dyn Fn()| {
        fs::remove_file(&file).expect("a file");
        make();
        let reeve = format!("ulimit -v {MEMORY}; exec \"$0\" check \"$1\"");
        let output = Command::new("sh")
            .arg("-c")
            .arg(reeve)
            .arg(&place.program)
            .arg(&file)
            .output();
        let output = output.expect("Reeve runs");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{name}: {told}");
        assert!(!told.contains("panicked"), "{name}: {told}");
    };
    check("a gibibyte", &|| {
        let sparse = File::create(&file).expect("a file");
        sparse.set_len(1 << 30).expect("a sparse file");
    });
    check("a device", &|| symlink("/dev/zero", &file).expect("a link"));
    check("a pipe", &|| {
        nix::unistd::mkfifo(&file, Mode::S_IRWXU).expect("a pipe")
    });
    check("a link to itself", &|| {
        symlink(&file, &file).expect("a link")
    });
    check("a hundred thousand keys", &|| {
        let keys: String = (0..100_000)
            .map(|number| format!("k{number}=1\n"))
            .collect();
        fs::write(&file, keys).expect("a file");
    });
    check("ten thousand lists deep", &|| {
        fs::write(&file, format!("a = {}", "[".repeat(10_000))).expect("a file")
    });
    check("ten thousand tables deep", &|| {
        fs::write(&file, format!("{}a = 1", "a.".repeat(10_000))).expect("a file")
    });
    check("NUL", &|| {
        fs::write(&file, "name = \"acme\"\0").expect("a file")
    });
    check("not UTF-8", &|| {
        fs::write(&file, b"name = \"caf\xe9\"").expect("a file")
    });
}
