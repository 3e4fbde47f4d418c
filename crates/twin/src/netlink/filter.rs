//! Puts a ruleset into the kernel as a table of nf_tables (`linux/netfilter/nf_tables.h`).

use std::fmt;
use std::net::IpAddr;

use netlink_packet_core::{NLM_F_APPEND, NLM_F_CREATE};

use super::wire::{attribute, nested, number, text};
use super::{Batch, Connection, Refused, term};
use crate::filter::{AddressSet, Chain, ChainKind, Family, Rule, Ruleset};

/// `NFNL_SUBSYS_NFTABLES`.
const NF_TABLES: u16 = 10;

/// `NFPROTO_INET`: IPv4 and IPv6 in one table.
const INET: u8 = 1;

/// The most addresses in one message: a list of them may have 64 KiB, and an IPv6 address takes 28 bytes there.
const ADDRESSES: usize = 1000;

/// What begins and ends a transaction (`NFNL_MSG_BATCH_BEGIN`, `NFNL_MSG_BATCH_END`).
const BATCH_BEGIN: u16 = 0x10;
const BATCH_END: u16 = 0x11;

/// The kinds of messages.
mod kind {
    pub(super) const NEW_TABLE: u16 = 0;
    pub(super) const NEW_CHAIN: u16 = 3;
    pub(super) const NEW_RULE: u16 = 6;
    pub(super) const NEW_SET: u16 = 9;
    pub(super) const NEW_SET_ELEMENTS: u16 = 12;
}

/// What one message is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Object<'a> {
    Mark,
    Table(&'a str),
    Chain(&'a Chain),
    Set(&'a AddressSet),
    Addresses(&'a AddressSet),
    /// A rule and its place in its chain.
    Rule(&'a Chain, usize, &'a Rule),
}

/// Why a ruleset could not be put in.
#[derive(Debug)]
pub(crate) struct Rejected {
    /// The object at fault, in words.
    pub(crate) object: String,
    pub(crate) cause: Refused,
}

/// Puts a ruleset in. It is a few transactions when it is large; no packet comes before the last.
pub(crate) fn install(connection: &Connection, ruleset: &Ruleset) -> Result<(), Rejected> {
    let mut transaction = Transaction::begin();
    for object in objects(ruleset) {
        transaction.push(ruleset, object);
        if transaction.batch.is_full() {
            transaction.commit(connection)?;
            transaction = Transaction::begin();
        }
    }
    transaction.commit(connection)
}

/// Everything in a ruleset, each after what it refers to.
fn objects(ruleset: &Ruleset) -> impl Iterator<Item = Object<'_>> {
    let sets = ruleset
        .sets
        .iter()
        .flat_map(|set| [Object::Set(set), Object::Addresses(set)]);
    let rules = ruleset.chains.iter().flat_map(|chain| {
        let numbered = chain.rules.iter().enumerate();
        numbered.map(move |(position, rule)| Object::Rule(chain, position, rule))
    });
    [Object::Table(ruleset.table)]
        .into_iter()
        .chain(sets)
        .chain(ruleset.chains.iter().map(Object::Chain))
        .chain(rules)
}

/// Messages that take effect together.
struct Transaction<'a> {
    batch: Batch,
    objects: Vec<Object<'a>>,
}

impl<'a> Transaction<'a> {
    fn begin() -> Self {
        let mut transaction = Self {
            batch: Batch::default(),
            objects: Vec::new(),
        };
        transaction.mark(BATCH_BEGIN);
        transaction
    }

    fn mark(&mut self, kind: u16) {
        self.objects.push(Object::Mark);
        self.batch
            .push_mark(kind, 0, |bytes| header(bytes, 0, NF_TABLES));
    }

    fn push(&mut self, ruleset: &Ruleset, object: Object<'a>) {
        let table = ruleset.table;
        match object {
            Object::Mark => {}
            Object::Table(name) => {
                self.message(object, kind::NEW_TABLE, |bytes| text(bytes, 1, name));
            }
            Object::Chain(chain) => {
                self.message(object, kind::NEW_CHAIN, |bytes| {
                    new_chain(bytes, table, chain);
                });
            }
            Object::Set(set) => {
                self.message(object, kind::NEW_SET, |bytes| new_set(bytes, table, set));
            }
            Object::Addresses(set) => {
                let addresses: Vec<IpAddr> = set.addresses.iter().copied().collect();
                for some in addresses.chunks(ADDRESSES) {
                    self.message(object, kind::NEW_SET_ELEMENTS, |bytes| {
                        new_elements(bytes, table, &set.name, some);
                    });
                }
            }
            Object::Rule(chain, _, rule) => {
                self.message(object, kind::NEW_RULE, |bytes| {
                    text(bytes, 1, table);
                    text(bytes, 2, &chain.name);
                    nested(bytes, 4, |bytes| term::expressions(bytes, rule));
                });
            }
        }
    }

    fn message(&mut self, object: Object<'a>, kind: u16, body: impl FnOnce(&mut Vec<u8>)) {
        self.objects.push(object);
        let kind = (NF_TABLES << 8) | kind;
        self.batch.push(kind, NLM_F_CREATE | NLM_F_APPEND, |bytes| {
            header(bytes, INET, 0);
            body(bytes);
        });
    }

    fn commit(mut self, connection: &Connection) -> Result<(), Rejected> {
        self.mark(BATCH_END);
        connection.transact(&mut self.batch).map_err(|cause| {
            let object = cause.message.and_then(|message| self.objects.get(message));
            Rejected {
                object: object.map_or_else(|| "the table".to_owned(), Object::to_string),
                cause,
            }
        })
    }
}

/// Netfilter's own header: family, version, and for marks the subsystem.
pub(super) fn header(bytes: &mut Vec<u8>, family: u8, subsystem: u16) {
    bytes.extend([family, 0]);
    bytes.extend(subsystem.to_be_bytes());
}

fn new_chain(bytes: &mut Vec<u8>, table: &str, chain: &Chain) {
    text(bytes, 1, table);
    text(bytes, 3, &chain.name);
    let Some(hook) = &chain.hook else {
        return;
    };
    nested(bytes, 4, |bytes| {
        number(bytes, 1, hook.point as u32);
        attribute(bytes, 2, &hook.priority.to_be_bytes());
    });
    number(bytes, 5, u32::from(hook.accept));
    text(
        bytes,
        7,
        match hook.kind {
            ChainKind::Filter => "filter",
            ChainKind::Nat => "nat",
            ChainKind::Route => "route",
        },
    );
}

fn new_set(bytes: &mut Vec<u8>, table: &str, set: &AddressSet) {
    // The types by which `nft` shows the elements: `ipv4_addr`, `ipv6_addr`.
    let (shown_as, length) = match set.family {
        Family::V4 => (7, 4),
        Family::V6 => (8, 16),
    };
    text(bytes, 1, table);
    text(bytes, 2, &set.name);
    number(bytes, 3, 0);
    number(bytes, 4, shown_as);
    number(bytes, 5, length);
    // With its size known the kernel takes a plain hash table.
    let size = u32::try_from(set.addresses.len()).unwrap_or(u32::MAX);
    nested(bytes, 9, |bytes| number(bytes, 1, size));
    // Sets are told apart within a transaction by this number; the name does for us.
    number(bytes, 10, 1);
}

fn new_elements(bytes: &mut Vec<u8>, table: &str, set: &str, addresses: &[IpAddr]) {
    text(bytes, 1, table);
    text(bytes, 2, set);
    nested(bytes, 3, |bytes| {
        for address in addresses {
            nested(bytes, 1, |bytes| {
                nested(bytes, 1, |bytes| match address {
                    IpAddr::V4(address) => attribute(bytes, 1, &address.octets()),
                    IpAddr::V6(address) => attribute(bytes, 1, &address.octets()),
                });
            });
        }
    });
}

impl fmt::Display for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mark => f.write_str("the transaction"),
            Self::Table(name) => write!(f, "table {name}"),
            Self::Chain(chain) => write!(f, "chain {}", chain.name),
            Self::Set(set) => write!(f, "set {}", set.name),
            Self::Addresses(set) => write!(f, "the addresses of set {}", set.name),
            Self::Rule(chain, position, rule) => {
                write!(f, "rule {} of chain {}: {rule}", position + 1, chain.name)
            }
        }
    }
}
