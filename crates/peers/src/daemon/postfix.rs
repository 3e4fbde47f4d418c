//! Postfix: submission with STARTTLS and AUTH, keeping what it receives where the embedded server would.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::net::UnixListener;
use tokio::task::JoinSet;

use super::launch::RunAs;
use super::site::{Site, text};
use super::software::Software;
use super::stand::{Standing, stand};
use super::{DaemonError, ready, sasl};
use crate::credential::Credential;
use crate::tls::TlsIdentity;

/// Users and groups that Debian's package makes.
const OWNER: &str = "postfix";
const DROP_GROUP: &str = "postdrop";

/// Who owns the mail that was received: neither root nor Postfix's own, both of which it refuses.
const RECIPIENT: u32 = 1000;

/// Folders of the queue: those that belong to Postfix's user, and those that it shares with its group.
const QUEUE: [&str; 12] = [
    "active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private",
    "saved", "trace", "pid",
];
const SHARED: [(&str, u32); 2] = [("maildrop", 0o730), ("public", 0o710)];

/// Postfix does not read a configuration that was changed this very second, and waits.
const AGE: Duration = Duration::from_secs(60);

/// What the server is to serve.
pub(crate) struct Submission<'a> {
    pub(crate) port: u16,
    pub(crate) credential: &'a Credential,
    pub(crate) identity: &'a TlsIdentity,
    /// A folder in maildir's form, `new` and `tmp` in it.
    pub(crate) mailbox: &'a Path,
}

/// Why Postfix cannot run here, where that is so: it runs as several users, and a twin may have only one.
pub(crate) fn users_missing() -> Option<String> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let several = maps(&read("/proc/self/uid_map"), RECIPIENT)
        && maps(&read("/proc/self/gid_map"), RECIPIENT)
        && read("/proc/self/setgroups").trim() != "deny";
    (!several).then(|| "Postfix needs several users, and this twin has one".to_owned())
}

/// Whether a user namespace has a number.
fn maps(map: &str, wanted: u32) -> bool {
    map.lines().any(|line| {
        let mut numbers = line.split_whitespace().map(str::parse::<u32>);
        match (numbers.next(), numbers.next(), numbers.next()) {
            (Some(Ok(first)), Some(Ok(_)), Some(Ok(count))) => {
                wanted >= first && wanted - first < count
            }
            _ => false,
        }
    })
}

/// Starts Postfix. What checks passwords for it runs among the tasks.
pub(crate) async fn serve(
    site: &Site<'_>,
    submission: &Submission<'_>,
    tasks: &mut JoinSet<()>,
) -> Result<Standing, DaemonError> {
    let owners = Owners::find(Path::new("/etc"))?;
    prepare(site, submission, &owners)?;
    let socket = site.folder.join("auth");
    let listener = UnixListener::bind(&socket).map_err(site.preparing(&socket))?;
    set_mode(site, &socket, 0o666)?;
    tasks.spawn(sasl::serve(listener, submission.credential.clone()));

    let folder = text(&site.folder.join("conf"));
    // -s: it leads a session of its own, in the foreground.
    let daemon = site.daemon(RunAs::Starter, &["-s", "-c", &folder]);
    let at = site.reached_at(submission.port);
    stand(&daemon, || ready::greets(at, b"220 ")).await
}

/// The numbers of Postfix's users and groups.
struct Owners {
    user: u32,
    group: u32,
    drop: u32,
}

impl Owners {
    fn find(etc: &Path) -> Result<Self, DaemonError> {
        let number = |file: &str, name: &'static str, field: usize| {
            let text = fs::read_to_string(etc.join(file)).unwrap_or_default();
            let entry = text.lines().find_map(|line| {
                let fields: Vec<_> = line.split(':').collect();
                (fields.first() == Some(&name)).then(|| fields.get(field)?.parse().ok())?
            });
            entry.ok_or(DaemonError::NoUser {
                software: Software::Postfix,
                name,
            })
        };
        Ok(Self {
            user: number("passwd", OWNER, 2)?,
            group: number("passwd", OWNER, 3)?,
            drop: number("group", DROP_GROUP, 2)?,
        })
    }
}

fn prepare(
    site: &Site<'_>,
    submission: &Submission<'_>,
    owners: &Owners,
) -> Result<(), DaemonError> {
    let give = |path: &Path, user: u32, group: u32| {
        chown(path, Some(user), Some(group)).map_err(site.preparing(path))
    };
    let queue = site.folder.join("queue");
    for name in QUEUE {
        let path = queue.join(name);
        site.make_folder(&path, 0o700)?;
        if name != "pid" {
            give(&path, owners.user, owners.group)?;
        }
    }
    for (name, mode) in SHARED {
        let path = queue.join(name);
        site.make_folder(&path, 0o700)?;
        give(&path, owners.user, owners.drop)?;
        set_mode(site, &path, mode)?;
    }
    set_mode(site, &queue, 0o755)?;
    let data = site.folder.join("data");
    site.make_folder(&data, 0o700)?;
    give(&data, owners.user, owners.group)?;
    // It delivers as the mail's owner, who must get there.
    set_mode(site, &site.plan.data, 0o711)?;
    for folder in ["", "new", "tmp", "cur"] {
        let path = submission.mailbox.join(folder);
        site.make_folder(&path, 0o700)?;
        give(&path, RECIPIENT, RECIPIENT)?;
    }
    let [certificate, key] = site
        .write_identity(submission.identity)?
        .map(|path| text(&path));
    let conf = site.folder.join("conf");
    site.make_folder(&conf, 0o755)?;
    set_mode(site, &site.folder, 0o711)?;
    let main = main_cf(site, submission, &certificate, &key)?;
    for (name, content) in [
        ("main.cf", main),
        ("master.cf", master_cf(&site.plan.bind, submission.port)),
    ] {
        write_aged(&conf.join(name), &content).map_err(site.preparing(&conf.join(name)))?;
    }
    Ok(())
}

fn set_mode(site: &Site<'_>, path: &Path, mode: u32) -> Result<(), DaemonError> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(site.preparing(path))
}

fn write_aged(path: &PathBuf, content: &str) -> std::io::Result<()> {
    fs::write(path, content)?;
    // Its processes read it as Postfix's user.
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))?;
    fs::File::options()
        .write(true)
        .open(path)?
        .set_modified(SystemTime::now() - AGE)
}

fn main_cf(
    site: &Site<'_>,
    submission: &Submission<'_>,
    certificate: &str,
    key: &str,
) -> Result<String, DaemonError> {
    let name = site
        .speakable("the host's name", &site.plan.name)?
        .replace('$', "");
    let folder = text(&site.folder);
    let programs = text(site.installed.path.parent().unwrap_or(Path::new("/")));
    let mail = text(submission.mailbox);
    let (base, mail) = mail.rsplit_once('/').unwrap_or(("/", &mail));
    Ok(format!(
        "compatibility_level = 3.0
queue_directory = {folder}/queue
data_directory = {folder}/data
daemon_directory = {programs}
mail_owner = {OWNER}
setgid_group = {DROP_GROUP}
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_protocols = all
myhostname = {name}
mydestination =
mynetworks =
alias_maps =
alias_database =
smtpd_peername_lookup = no
smtpd_client_connection_rate_limit = 0
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {folder}/auth
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions =
virtual_mailbox_domains = static:all
virtual_mailbox_base = {base}
virtual_mailbox_maps = static:{mail}/
virtual_uid_maps = static:{RECIPIENT}
virtual_gid_maps = static:{RECIPIENT}
virtual_mailbox_limit = 0
"
    ))
}

fn master_cf(bind: &[IpAddr], port: u16) -> String {
    let mut text = String::new();
    for address in bind {
        let address = SocketAddr::new(*address, port);
        text.push_str(&format!("{address} inet n - n - - smtpd\n"));
    }
    // What delivers runs as root, to become the mail's owner.
    text + "cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"
}

#[cfg(test)]
mod tests {
    use model::Secret;

    use super::super::site::fixture;
    use super::*;

    #[test]
    fn a_namespace_has_the_numbers_that_it_maps() {
        let check = |map: &str, wanted: bool| assert_eq!(maps(map, 1000), wanted, "{map}");
        check("         0          0 4294967295\n", true);
        check("0 1000 1\n1 100000 65536\n", true);
        check("0 0 65536", true);
        check("0 0 1", false);
        check("1000 0 1", true);
        check("0 0 1000", false);
        check("2000 0 65536", false);
        check("", false);
        check("nonsense", false);
    }

    #[test]
    fn mail_is_taken_only_under_tls_from_who_logged_in() {
        let installed = fixture::installed(Software::Postfix, "3.7.11");
        let mut plan = fixture::plan(&["0.0.0.0", "::"]);
        let credential = Credential {
            user: "mailer".to_owned(),
            password: Secret::new("s3cret"),
        };
        let identity = TlsIdentity {
            chain: String::new(),
            key: Secret::new(""),
        };
        let submission = Submission {
            port: 587,
            credential: &credential,
            identity: &identity,
            mailbox: Path::new("/run/reeve/mail"),
        };
        let text =
            main_cf(&fixture::site(&installed, &plan), &submission, "/c", "/k").expect("fits");
        for line in [
            "smtpd_tls_security_level = encrypt\n",
            "smtpd_tls_auth_only = yes\n",
            "smtpd_relay_restrictions = permit_sasl_authenticated, reject\n",
            "mynetworks =\n",
            "virtual_mailbox_base = /run/reeve\nvirtual_mailbox_maps = static:mail/\n",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
        assert!(!text.contains("s3cret"));
        let master = master_cf(&plan.bind, 587);
        assert!(master.starts_with("0.0.0.0:587 inet n - n - - smtpd\n[::]:587 inet"));
        plan.name = "a\nmynetworks = 0.0.0.0/0".to_owned();
        let error = main_cf(&fixture::site(&installed, &plan), &submission, "/c", "/k");
        assert!(matches!(error, Err(DaemonError::Unspeakable { .. })));
    }

    #[test]
    fn without_its_users_it_is_not_started() {
        let etc = tempfile::tempdir().expect("a folder");
        let check = |passwd: &str, group: &str, wanted: &str| {
            fs::write(etc.path().join("passwd"), passwd).expect("a file");
            fs::write(etc.path().join("group"), group).expect("a file");
            let found = Owners::find(etc.path())
                .map(|owners| owners.user)
                .map_err(|error| error.to_string());
            assert!(format!("{found:?}").contains(wanted), "{found:?}");
        };
        let good = "postfix:x:106:113::/var/spool/postfix:/usr/sbin/nologin\n";
        check(good, "postdrop:x:114:\n", "Ok(106)");
        check("", "postdrop:x:114:\n", "`postfix`");
        check(good, "", "`postdrop`");
        check(
            "postfix:x:many:113::/:/bin/sh\n",
            "postdrop:x:114:\n",
            "`postfix`",
        );
        check("postfix\n", "postdrop:x:114:\n", "`postfix`");
    }
}
