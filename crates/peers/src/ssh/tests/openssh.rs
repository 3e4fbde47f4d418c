//! OpenSSH's own client, where there is one: the certificates and the server are what they claim to be.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Output;

use super::*;

fn write_private(path: &Path, content: &str) {
    let mut file = std::fs::OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .expect("a file");
    file.write_all(content.as_bytes()).expect("written");
}

/// Runs `ssh` against a target with a known-hosts line for the authority; none where there is no `ssh`.
async fn ssh(site: &Site, known_hosts: &str, arguments: &[&str]) -> Option<Output> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    let user = site.authorities.user();
    write_private(&file("id"), user.private_key.expose());
    write_private(&file("id-cert.pub"), &user.certificate);
    write_private(&file("known_hosts"), known_hosts);
    let address = stop(TARGET, &site.target).address;
    let output = tokio::process::Command::new("ssh")
        .args([
            "-F",
            "/dev/null",
            "-o",
            "BatchMode=yes",
            "-o",
            "IdentitiesOnly=yes",
        ])
        .args([
            "-o",
            "GlobalKnownHostsFile=/dev/null",
            "-o",
            "StrictHostKeyChecking=yes",
        ])
        .arg("-o")
        .arg(format!(
            "UserKnownHostsFile={}",
            file("known_hosts").display()
        ))
        .arg("-i")
        .arg(file("id"))
        .args([
            "-p",
            &address.port().to_string(),
            "-l",
            OPERATOR,
            "127.0.0.1",
        ])
        .args(arguments)
        .kill_on_drop(true)
        .output();
    match output.await {
        Ok(output) => Some(output),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => panic!("ssh does not run: {error}"),
    }
}

#[tokio::test]
async fn openssh_believes_the_host_certificate_and_is_let_in() {
    let site = Site::new().await;
    let authority = site.authorities.hosts.public_key().expect("a public key");
    let known_hosts = format!("@cert-authority * {authority}\n");
    let command = ["printf %s \"$REEVE_HOST\"; exit 5"];
    if let Some(output) = ssh(&site, &known_hosts, &command).await {
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(5), "{said}");
        assert_eq!(output.stdout, TARGET.as_bytes(), "{said}");
    }
}

#[tokio::test]
async fn openssh_does_not_believe_another_authority() {
    let site = Site::new().await;
    let stranger = Authorities::new().hosts.public_key().expect("a public key");
    let known_hosts = format!("@cert-authority * {stranger}\n");
    if let Some(output) = ssh(&site, &known_hosts, &["true"]).await {
        assert_eq!(output.status.code(), Some(255));
        assert!(site.target.logins().is_empty());
    }
}
