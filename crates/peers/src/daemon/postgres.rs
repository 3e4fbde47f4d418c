//! PostgreSQL: a new cluster in memory, with the plan's databases and their one unprivileged user.

use std::fmt::Write as _;
use std::path::Path;

use super::launch::RunAs;
use super::running::log_says;
use super::site::{Site, text};
use super::stand::{Standing, stand};
use super::{DaemonError, ready};
use crate::credential::Credential;
use crate::tls::TlsIdentity;

/// What the server is to serve.
pub(crate) struct Cluster<'a> {
    pub(crate) port: u16,
    pub(crate) databases: &'a [String],
    pub(crate) credential: &'a Credential,
    pub(crate) tls: Option<&'a TlsIdentity>,
}

/// What it writes when it serves: before that it takes connections, to refuse them.
const READY: &str = "database system is ready to accept connections";

/// The cluster's own superuser, whom nobody may log in as.
const SUPERUSER: &str = "postgres";

/// Starts PostgreSQL.
pub(crate) async fn serve(site: &Site<'_>, cluster: &Cluster<'_>) -> Result<Standing, DaemonError> {
    let data = site.folder.join("data");
    let path = text(&data);
    let initdb = site.installed.path.with_file_name("initdb");
    // Nothing of it outlives the host: it need not reach a disk.
    let new = site.program(
        &initdb,
        RunAs::OrdinaryUser,
        &[
            "--no-sync",
            "--no-instructions",
            "-D",
            &path,
            "-E",
            "UTF8",
            "--locale=C",
            "-A",
            "reject",
            "-U",
            SUPERUSER,
            "--wal-segsize=1",
        ],
    );
    new.finish(None).await?;
    let statements = site.write("set-up.sql", &statements(site, cluster)?)?;
    // A failing statement may hold a password, and is not to be quoted.
    let alone = site.daemon(
        RunAs::OrdinaryUser,
        &[
            "--single",
            "-j",
            "-D",
            &path,
            "-c",
            "log_min_error_statement=panic",
            "-c",
            "fsync=off",
            "-c",
            "exit_on_error=on",
            SUPERUSER,
        ],
    );
    alone.finish(Some(&statements)).await?;
    std::fs::remove_file(&statements).map_err(site.preparing(&statements))?;
    write_settings(site, cluster, &data)?;
    let daemon = site.daemon(RunAs::OrdinaryUser, &["-D", &path]);
    let (at, log) = (site.reached_at(cluster.port), site.log());
    stand(&daemon, || async {
        log_says(&log, READY) && ready::connects(at).await
    })
    .await
}

/// What makes the databases and the user. In single-user mode with `-j`, a statement ends at a semicolon and two line
/// ends.
fn statements(site: &Site<'_>, cluster: &Cluster<'_>) -> Result<String, DaemonError> {
    let user = identifier(site.speakable("a user", &cluster.credential.user)?);
    let password = site.speakable("a password", cluster.credential.password.expose())?;
    let mut statements = format!(
        "SET password_encryption = 'scram-sha-256';\n\nCREATE ROLE {user} LOGIN PASSWORD {};\n\n",
        literal(password)
    );
    for database in cluster.databases {
        let database = identifier(site.speakable("a database", database)?);
        // Writing to a String cannot fail.
        let _ = write!(statements, "CREATE DATABASE {database} OWNER {user};\n\n");
    }
    Ok(statements)
}

fn write_settings(site: &Site<'_>, cluster: &Cluster<'_>, data: &Path) -> Result<(), DaemonError> {
    let mut settings = settings(site, cluster.port);
    if let Some(identity) = cluster.tls {
        let [certificate, key] = site.write_identity(identity)?.map(|path| text(&path));
        let _ = write!(
            settings,
            "ssl = on\nssl_cert_file = {}\nssl_key_file = {}\n",
            literal(&certificate),
            literal(&key)
        );
    }
    let rules = rules(site, cluster)?;
    for (name, content) in [("postgresql.conf", settings), ("pg_hba.conf", rules)] {
        let path = data.join(name);
        std::fs::write(&path, content).map_err(site.preparing(&path))?;
    }
    Ok(())
}

fn settings(site: &Site<'_>, port: u16) -> String {
    let addresses: Vec<String> = site.plan.bind.iter().map(ToString::to_string).collect();
    format!(
        "listen_addresses = {}
port = {port}
unix_socket_directories = ''
max_connections = 50
shared_buffers = 16MB
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
max_wal_size = 32MB
password_encryption = 'scram-sha-256'
",
        literal(&addresses.join(","))
    )
}

/// Who may log in: the one user, to the databases of the plan, under TLS where there is a certificate.
fn rules(site: &Site<'_>, cluster: &Cluster<'_>) -> Result<String, DaemonError> {
    let kind = if cluster.tls.is_some() {
        "hostssl"
    } else {
        "host"
    };
    let user = identifier(site.speakable("a user", &cluster.credential.user)?);
    let mut rules = String::new();
    for everywhere in ["0.0.0.0/0", "::/0"] {
        // Whether a database is there, the server says after the login and not before.
        let _ = writeln!(rules, "{kind} all {user} {everywhere} scram-sha-256");
    }
    Ok(rules)
}

fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use model::Secret;

    use super::super::site::fixture;
    use super::*;
    use crate::daemon::Software;

    fn check(user: &str, password: &str, database: &str, wanted: Result<&str, &str>) {
        let installed = fixture::installed(Software::Postgres, "15.1");
        let plan = fixture::plan(&["0.0.0.0", "::"]);
        let site = fixture::site(&installed, &plan);
        let credential = Credential {
            user: user.to_owned(),
            password: Secret::new(password),
        };
        let databases = [database.to_owned()];
        let cluster = Cluster {
            port: 5432,
            databases: &databases,
            credential: &credential,
            tls: None,
        };
        let got = statements(&site, &cluster).map_err(|error| error.to_string());
        match (got, wanted) {
            (Ok(text), Ok(line)) => assert!(text.contains(line), "{text}"),
            (Err(why), Err(part)) => assert!(why.contains(part), "{why}"),
            (got, wanted) => panic!("{got:?} is not {wanted:?}"),
        }
        assert!(
            settings(&site, 5432).starts_with("listen_addresses = '0.0.0.0,::'\nport = 5432\n")
        );
    }

    #[test]
    fn names_and_passwords_stay_what_they_are() {
        check(
            "wso2",
            "it's; DROP",
            "WSO2AM_DB",
            Ok("CREATE ROLE \"wso2\" LOGIN PASSWORD 'it''s; DROP';\n\n"),
        );
        check(
            "w",
            "p",
            "WSO2AM_DB",
            Ok("CREATE DATABASE \"WSO2AM_DB\" OWNER \"w\";\n\n"),
        );
        check("a\"b", "p", "x", Ok("CREATE ROLE \"a\"\"b\" LOGIN"));
        check("w", "p\n\nDROP DATABASE x;", "x", Err("a password"));
        check("w\0", "p", "x", Err("a user"));
        check("w", "p", "x\n", Err("a database"));
    }
}
