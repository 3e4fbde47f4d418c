//! Reeve's stand-in of a DNS server on the loopback, for the length of a test.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use model::service::Zone;
use model::{HostId, Service, ServiceKind};
use peers::HostPlan;
use tokio::sync::oneshot;

/// A server that answers until it is dropped.
pub(crate) struct Server {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves zones on both families' loopback.
    pub(crate) fn with(zones: Vec<Zone>) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (ready, stands) = mpsc::channel();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let serving = peers::serve(plan(zones)).await.expect("it serves");
                ready.send(()).expect("the test waits");
                // Dropped or told: either way the test is over.
                let _ = stopped.await;
                drop(serving);
            });
        });
        stands.recv().expect("the server stands");
        Self {
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || thread::panicking(), "the server panicked");
        }
    }
}

fn plan(zones: Vec<Zone>) -> HostPlan {
    let loopback = vec![
        IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::LOCALHOST),
    ];
    HostPlan {
        host: HostId::new("data-centre/dns-1"),
        name: "dns-1.acme.example".to_owned(),
        addresses: loopback.clone(),
        bind: loopback,
        services: vec![Service {
            name: "dns".to_owned(),
            kind: ServiceKind::Dns {
                zones,
                forwards: Vec::new(),
            },
        }],
        secrets: std::collections::BTreeMap::new(),
        tls: None,
        ssh: None,
        data: PathBuf::from("/nonexistent"),
    }
}
