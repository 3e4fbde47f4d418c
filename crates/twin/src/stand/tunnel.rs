//! Tunnels in place of plain links: their devices go to the routers, the plain links go away.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsFd, BorrowedFd};
use std::thread;

use ipnet::{IpNet, Ipv4Net};
use model::vpn::{Tunnel, TunnelId, VpnConnection, VpnSide};
use nix::net::if_::if_nametoindex;
use nix::sched::{CloneFlags, setns};

use super::{Node, StandError, Standing, StandingNode};
use crate::layout::Setting;
use crate::netlink::{Batch, Connection, Subsystem, route, tunnel};
use crate::vpn::device;

impl Standing {
    /// Takes the device that a tunnel's daemon made at one end into the namespace of the router on that side, where it
    /// gets the name by which [`crate::vpn::places`] calls it, and the inside address.
    ///
    /// A link that leads nowhere takes its name at the end: a daemon that writes routes to its device goes on to find one.
    ///
    /// # Errors
    /// When there is no such tunnel or device, or the kernel refuses.
    pub fn adopt(&self, id: &TunnelId, side: VpnSide, made: &str) -> Result<(), StandError> {
        let (vpn, tunnel) = self.tunnel(id)?;
        let end = self.node(&Node::TunnelEnd(id.clone(), side))?;
        let router = self.node(&match side {
            VpnSide::Amazon => Node::Transit(vpn.transit_gateway.clone()),
            VpnSide::Customer => Node::CustomerRouter(vpn.site.clone()),
        })?;
        let name = device(&self.vpns, id).ok_or_else(|| StandError::NoSuchTunnel(id.clone()))?;
        inside(end, format!("device {made}"), |batch| {
            tunnel::hand_over(batch, index(made)?, &name, router.namespace.as_fd());
            tunnel::stand_in(batch, made);
            Ok(())
        })?;
        let address = match side {
            VpnSide::Amazon => tunnel.amazon_inside(),
            VpnSide::Customer => tunnel.customer_inside(),
        };
        let net = Ipv4Net::new(address, tunnel.inside.prefix_len())
            .map_or_else(|_| IpNet::from(IpAddr::V4(address)), IpNet::from);
        inside(router, format!("device {name} with {net}"), |batch| {
            let link = index(&name)?;
            route::setting(batch, &Setting::Address { link, net });
            route::up(batch, link);
            Ok(())
        })
    }

    /// Takes down the plain links for which tunnels stand. Their routes go with them.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn cut(&self) -> Result<(), StandError> {
        for (position, link) in &self.replaced {
            let node = &self.nodes[*position];
            inside(node, format!("link {link} go down"), |batch| {
                tunnel::down(batch, *link);
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Has the Internet drop everything from and to AWS's end of a tunnel, or no more.
    ///
    /// # Errors
    /// When there is no such tunnel, or it is as wanted already.
    pub fn sever(&self, id: &TunnelId, severed: bool) -> Result<(), StandError> {
        let (_, tunnel) = self.tunnel(id)?;
        let address: Ipv4Addr = tunnel.outside;
        let internet = self.node(&Node::Internet)?;
        inside(internet, format!("a rule for {address}"), |batch| {
            tunnel::sever(batch, address, severed);
            Ok(())
        })
    }

    fn tunnel(&self, wanted: &TunnelId) -> Result<(&VpnConnection, &Tunnel), StandError> {
        self.vpns
            .iter()
            .flat_map(|vpn| vpn.named_tunnels().map(move |named| (vpn, named)))
            .find(|(_, (id, _))| id == wanted)
            .map(|(vpn, (_, tunnel))| (vpn, tunnel))
            .ok_or_else(|| StandError::NoSuchTunnel(wanted.clone()))
    }

    fn node(&self, wanted: &Node) -> Result<&StandingNode, StandError> {
        self.nodes
            .iter()
            .find(|one| one.node == *wanted)
            .ok_or_else(|| StandError::NoSuchPlace(wanted.clone()))
    }
}

fn index(name: &str) -> io::Result<u32> {
    Ok(if_nametoindex(name)?)
}

/// Tells the kernel something in a namespace, from a thread that goes there.
fn inside(
    node: &StandingNode,
    object: String,
    fill: impl FnOnce(&mut Batch) -> io::Result<()> + Send,
) -> Result<(), StandError> {
    let namespace: BorrowedFd<'_> = node.namespace.as_fd();
    let tell = || -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        setns(namespace, CloneFlags::CLONE_NEWNET).map_err(io::Error::from)?;
        let connection = Connection::open(Subsystem::Route)?;
        let mut batch = Batch::default();
        fill(&mut batch)?;
        connection.transact(&mut batch)?;
        Ok(())
    };
    // The calling thread stays where it is.
    thread::scope(|scope| scope.spawn(tell).join())
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        .map_err(|source| StandError::Refused {
            node: node.node.clone(),
            object,
            source,
        })
}
