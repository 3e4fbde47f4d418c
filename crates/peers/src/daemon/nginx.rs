//! nginx: a web server over TLS that says whose it is.

use std::fmt::Write as _;
use std::net::SocketAddr;

use super::launch::RunAs;
use super::site::{Site, text};
use super::stand::{Standing, stand};
use super::{DaemonError, ready};
use crate::tls::TlsIdentity;

/// Starts nginx.
pub(crate) async fn serve(
    site: &Site<'_>,
    port: u16,
    identity: &TlsIdentity,
) -> Result<Standing, DaemonError> {
    let [certificate, key] = site.write_identity(identity)?.map(|path| text(&path));
    let path = site.write("nginx.conf", &config(site, port, &certificate, &key)?)?;
    let (folder, path) = (text(&site.folder), text(&path));
    let daemon = site.daemon(
        RunAs::Starter,
        &["-p", &folder, "-c", &path, "-e", "stderr"],
    );
    let at = site.reached_at(port);
    stand(&daemon, || ready::connects(at)).await
}

fn config(site: &Site<'_>, port: u16, certificate: &str, key: &str) -> Result<String, DaemonError> {
    let folder = text(&site.folder);
    let name = site.speakable("the host's name", &site.plan.name)?;
    let name = name.replace(['"', '\\', '$'], "");
    let mut listens = String::new();
    for address in &site.plan.bind {
        let address = SocketAddr::new(*address, port);
        // Writing to a String cannot fail.
        let _ = writeln!(listens, "    listen {address} ssl;");
    }
    let mut scratch = String::new();
    for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        let _ = writeln!(scratch, "  {kind}_temp_path {folder}/{kind};");
    }
    Ok(format!(
        "daemon off;
user root root;
worker_processes 1;
error_log stderr;
pid {folder}/pid;
events {{
  worker_connections 256;
}}
http {{
  access_log off;
  default_type text/plain;
{scratch}  server {{
{listens}    ssl_certificate {certificate};
    ssl_certificate_key {key};
    location = / {{
      return 200 \"{name}\\n\";
    }}
    location = /health {{
      return 200 \"{name}\\n\";
    }}
    location / {{
      return 404;
    }}
  }}
}}
"
    ))
}

#[cfg(test)]
mod tests {
    use super::super::site::fixture;
    use super::*;
    use crate::daemon::Software;

    #[test]
    fn it_listens_where_the_plan_says_and_under_tls_alone() {
        let installed = fixture::installed(Software::Nginx, "1.22.1");
        let mut plan = fixture::plan(&["0.0.0.0", "::"]);
        plan.name = "a\"b$c".to_owned();
        let text = config(&fixture::site(&installed, &plan), 443, "/c", "/k").expect("speakable");
        for line in [
            "    listen 0.0.0.0:443 ssl;\n    listen [::]:443 ssl;\n",
            "ssl_certificate /c;",
            "ssl_certificate_key /k;",
            "return 200 \"abc\\n\";",
            "proxy_temp_path /run/reeve/daemon/0/proxy;",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
        plan.name = "a\n}".to_owned();
        let error = config(&fixture::site(&installed, &plan), 443, "/c", "/k").expect_err("breaks");
        assert!(matches!(error, DaemonError::Unspeakable { .. }));
    }
}
