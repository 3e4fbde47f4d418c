//! What is done with a question: answered from a zone, passed on, refused, or ignored.

use std::net::SocketAddr;

use hickory_proto::op::{Edns, Message, MessageType, Metadata, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use hickory_proto::rr::{DNSClass, Name};
use model::service;

use super::LARGEST_DATAGRAM;
use super::forward::Upstream;
use super::zone::{self, DnsError, Lookup, Zone};

/// Bytes of a message's header (RFC 1035, section 4.1.1).
const HEADER: usize = 12;

/// EDNS option that counts how often a question was passed on by servers of this kind; out of the range for local use
/// (RFC 6891, section 9). Servers that do not know it leave it away, and time then ends a loop.
pub(super) const HOPS: u16 = 65_001;

/// Times that a question may be passed on. An estate has three servers in a row at most: a host's resolver, the
/// customer's, and back for the other environment's zone.
const MOST_HOPS: u8 = 4;

/// Aliases followed for one question; resolvers give up at about as many.
const ALIASES: usize = 16;

/// A server's zones: its own, and those that it passes on.
#[derive(Debug)]
pub(crate) struct Resolver {
    zones: Vec<Zone>,
    upstreams: Vec<Upstream>,
}

/// What is done with a message.
#[derive(Debug)]
pub(super) enum Decision {
    /// Nothing: it is not a question, or cannot be told from noise.
    Ignore,
    /// This is the answer.
    Answer(Message),
    /// Somebody else knows.
    Forward(Pending),
}

/// A question that is to be passed on.
#[derive(Debug)]
pub(super) struct Pending {
    reply: Message,
    query: Query,
    upstream: usize,
    hops: u8,
}

impl Pending {
    /// The answer that says why there is none.
    pub(super) fn refuse(mut self, code: ResponseCode) -> Message {
        self.reply.metadata.response_code = code;
        self.reply
    }
}

impl Resolver {
    /// Loads the zones that `host` serves. Servers that zones are passed on to are asked on `upstream_port`.
    pub(crate) fn new(
        host: &str,
        zones: &[service::Zone],
        forwards: &[service::Forward],
        upstream_port: u16,
    ) -> Result<Self, DnsError> {
        let server = zone::name(host)?;
        let zones = zones
            .iter()
            .map(|zone| Zone::load(zone, &server))
            .collect::<Result<_, _>>()?;
        let upstream = |forward: &service::Forward| {
            if forward.servers.is_empty() {
                return Err(DnsError::NoServer {
                    zone: forward.zone.clone(),
                });
            }
            let servers = forward.servers.iter();
            Ok(Upstream {
                zone: zone::name(&forward.zone)?,
                servers: servers
                    .map(|&server| SocketAddr::new(server, upstream_port))
                    .collect(),
            })
        };
        Ok(Self {
            zones,
            upstreams: forwards.iter().map(upstream).collect::<Result<_, _>>()?,
        })
    }

    /// Decides on a message's bytes.
    pub(super) fn decide(&self, bytes: &[u8]) -> Decision {
        match Message::from_vec(bytes) {
            Ok(message) => self.decide_on(&message),
            Err(_) => malformed(bytes),
        }
    }

    fn decide_on(&self, request: &Message) -> Decision {
        if request.metadata.message_type == MessageType::Response {
            return Decision::Ignore;
        }
        let mut reply = Message::response(request.metadata.id, request.metadata.op_code);
        reply.metadata = Metadata::response_from_request(&request.metadata);
        reply.metadata.recursion_available = !self.upstreams.is_empty();
        let refuse = |mut reply: Message, code| {
            reply.metadata.response_code = code;
            Decision::Answer(reply)
        };
        if let Some(edns) = &request.edns {
            let mut own = Edns::new();
            // What the client takes bounds the answer; what this server would take is no secret either way.
            own.set_max_payload(edns.max_payload().min(LARGEST_DATAGRAM));
            if edns.version() > 0 {
                own.set_rcode_high(ResponseCode::BADVERS.high());
                reply.set_edns(own);
                return refuse(reply, ResponseCode::BADVERS);
            }
            reply.set_edns(own);
        }
        if request.metadata.op_code != OpCode::Query {
            return refuse(reply, ResponseCode::NotImp);
        }
        let [query] = request.queries.as_slice() else {
            return refuse(reply, ResponseCode::FormErr);
        };
        reply.add_query(query.clone());
        if query.query_class() != DNSClass::IN {
            return refuse(reply, ResponseCode::Refused);
        }
        match self.responsible(query.name()) {
            Some(Responsible::Zone(zone)) => self.answered(zone, request, query, reply),
            Some(Responsible::Upstream(upstream)) if request.metadata.recursion_desired => {
                pass_on(request, reply, query.clone(), upstream)
            }
            // A client that wants no recursion is not sent round (RFC 1034, section 4.3.1).
            Some(Responsible::Upstream(_)) | None => refuse(reply, ResponseCode::Refused),
        }
    }

    /// Answers from the server's own zones. An alias is followed within them, and out of them to a server that knows its
    /// target, if the client wants that; whoever has to follow it further is the client (RFC 1034, section 4.3.2).
    fn answered<'a>(
        &'a self,
        mut zone: &'a Zone,
        request: &Message,
        query: &Query,
        mut reply: Message,
    ) -> Decision {
        reply.metadata.authoritative = true;
        let mut asked = query.name().clone();
        for _ in 0..ALIASES {
            match zone.look_up(&asked, query.query_type()) {
                Lookup::Records(records) => {
                    reply.add_answers(records);
                    return Decision::Answer(reply);
                }
                Lookup::NoData => {
                    reply.add_authority(zone.negative());
                    return Decision::Answer(reply);
                }
                Lookup::NoName => {
                    reply.metadata.response_code = ResponseCode::NXDomain;
                    reply.add_authority(zone.negative());
                    return Decision::Answer(reply);
                }
                Lookup::Alias(record, target) => {
                    reply.add_answer(*record);
                    match self.responsible(&target) {
                        Some(Responsible::Zone(next)) => zone = next,
                        Some(Responsible::Upstream(upstream))
                            if request.metadata.recursion_desired =>
                        {
                            let mut query = query.clone();
                            query.set_name(target);
                            return pass_on(request, reply, query, upstream);
                        }
                        Some(Responsible::Upstream(_)) | None => return Decision::Answer(reply),
                    }
                    asked = target;
                }
            }
        }
        // A circle, or as good as one.
        reply.metadata.response_code = ResponseCode::ServFail;
        Decision::Answer(reply)
    }

    /// Who answers for a name: the longest zone that it lies in, and this server's own data before another's.
    fn responsible(&self, asked: &Name) -> Option<Responsible<'_>> {
        let zone = self
            .zones
            .iter()
            .filter(|zone| zone.apex.zone_of(asked))
            .max_by_key(|zone| zone.apex.num_labels());
        let upstream = self
            .upstreams
            .iter()
            .enumerate()
            .filter(|(_, upstream)| upstream.zone.zone_of(asked))
            .max_by_key(|(_, upstream)| upstream.zone.num_labels());
        match (zone, upstream) {
            (Some(zone), Some((index, upstream)))
                if upstream.zone.num_labels() > zone.apex.num_labels() =>
            {
                Some(Responsible::Upstream(index))
            }
            (Some(zone), _) => Some(Responsible::Zone(zone)),
            (None, Some((index, _))) => Some(Responsible::Upstream(index)),
            (None, None) => None,
        }
    }

    /// Passes a question on and relays what comes back; SERVFAIL when no server answers.
    pub(super) async fn forward(&self, pending: Pending) -> Message {
        let answer = match self.upstreams.get(pending.upstream) {
            Some(upstream) => upstream.ask(&pending.query, pending.hops).await,
            None => None,
        };
        let Some(answer) = answer else {
            return pending.refuse(ResponseCode::ServFail);
        };
        let mut reply = pending.reply;
        reply.metadata.response_code = answer.metadata.response_code;
        reply.add_answers(answer.answers);
        reply.add_authorities(answer.authorities);
        reply
    }
}

enum Responsible<'a> {
    Zone(&'a Zone),
    Upstream(usize),
}

/// Passes a question on, unless it was passed on too often.
fn pass_on(request: &Message, mut reply: Message, query: Query, upstream: usize) -> Decision {
    let hops = hops(request);
    if hops >= MOST_HOPS {
        reply.metadata.response_code = ResponseCode::ServFail;
        return Decision::Answer(reply);
    }
    Decision::Forward(Pending {
        reply,
        query,
        upstream,
        hops: hops + 1,
    })
}

fn hops(request: &Message) -> u8 {
    let option = request
        .edns
        .as_ref()
        .and_then(|edns| edns.option(EdnsCode::Unknown(HOPS)));
    match option {
        Some(EdnsOption::Unknown(_, count)) => count.first().copied().unwrap_or(0),
        _ => 0,
    }
}

/// FORMERR to what has a question's header; what says that it is an answer, or is shorter than a header, is ignored, so
/// that two servers never answer each other's errors.
fn malformed(bytes: &[u8]) -> Decision {
    match bytes.first_chunk::<HEADER>() {
        Some(&[high, low, flags, ..]) if flags & 0x80 == 0 => {
            let code = OpCode::from_u8(flags >> 3 & 0b1111);
            let id = u16::from_be_bytes([high, low]);
            Decision::Answer(Message::error_msg(id, code, ResponseCode::FormErr))
        }
        _ => Decision::Ignore,
    }
}
