//! DNS messages: a question, and what an answer to it says. Pure.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use simple_dns::rdata::{OPT, RData};
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, TYPE};

use crate::config::RecordType;

/// How large an answer by UDP may be, in bytes: what gets through everywhere in one piece.
pub(super) const UDP_BYTES_MAX: u16 = 1232;

/// What is known of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Record {
    /// A or AAAA.
    Address(IpAddr),
    /// SRV; the target ends with a dot.
    Service { target: String, port: u16 },
    /// MX or NS; the name ends with a dot.
    Host(String),
}

/// What a server answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// These records of the type asked for.
    Found(Vec<Record>),
    /// There is no such name.
    NoName,
    /// There is more than fits.
    Truncated,
    /// It does not understand extensions.
    NoExtensions,
    /// It failed in some other way.
    Failed(String),
    /// It is no answer to this question.
    Foreign,
}

/// A question about one name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Query<'a> {
    pub(super) id: u16,
    /// Without a dot at its end.
    pub(super) name: &'a str,
    pub(super) kind: RecordType,
    /// Whether long answers are asked for.
    pub(super) extended: bool,
}

impl Query<'_> {
    /// The question as it is sent.
    ///
    /// # Errors
    /// The name is none.
    pub(super) fn to_bytes(self) -> Result<Vec<u8>, String> {
        let wrong = |e| format!("\"{}\" is not a name: {e}", self.name);
        let name = Name::new(self.name).map_err(wrong)?;
        let mut packet = Packet::new_query(self.id);
        packet.set_flags(PacketFlag::RECURSION_DESIRED);
        let (kind, class) = (QTYPE::TYPE(type_of(self.kind)), QCLASS::CLASS(CLASS::IN));
        packet
            .questions
            .push(Question::new(name, kind, class, false));
        if self.extended {
            *packet.opt_mut() = Some(OPT {
                opt_codes: Vec::new(),
                udp_packet_size: UDP_BYTES_MAX,
                version: 0,
            });
        }
        packet.build_bytes_vec().map_err(wrong)
    }

    /// What `bytes` answer to the question.
    pub(super) fn read(self, bytes: &[u8]) -> Answer {
        let packet = match Packet::parse(bytes) {
            Ok(packet) => packet,
            Err(error) => return Answer::Failed(format!("the answer cannot be read: {error}")),
        };
        if packet.id() != self.id || !packet.has_flags(PacketFlag::RESPONSE) {
            return Answer::Foreign;
        }
        // Servers may leave the question out of an error.
        let own = Name::new(self.name).map_or(String::new(), |name| name.to_string());
        let asked = |q: &Question<'_>| {
            let name = q.qname.to_string();
            name.eq_ignore_ascii_case(&own) && q.qtype == QTYPE::TYPE(type_of(self.kind))
        };
        if !packet.questions.iter().all(asked) {
            return Answer::Foreign;
        }
        match packet.rcode() {
            _ if packet.has_flags(PacketFlag::TRUNCATION) => Answer::Truncated,
            RCODE::NoError => Answer::Found(self.records(&packet)),
            RCODE::NameError => Answer::NoName,
            RCODE::FormatError | RCODE::NotImplemented | RCODE::BADVERS if self.extended => {
                Answer::NoExtensions
            }
            code => Answer::Failed(format!("it answers {code:?}")),
        }
    }

    /// Those of the type asked for: what leads to them, like CNAME, is left out.
    fn records(self, packet: &Packet<'_>) -> Vec<Record> {
        let answers = packet.answers.iter();
        let record = |rdata: &RData<'_>| match (rdata, self.kind) {
            (RData::A(a), RecordType::A) => Some(Record::Address(Ipv4Addr::from(a.address).into())),
            (RData::AAAA(a), RecordType::Aaaa) => {
                Some(Record::Address(Ipv6Addr::from(a.address).into()))
            }
            (RData::SRV(srv), RecordType::Srv) => Some(Record::Service {
                target: full(&srv.target),
                port: srv.port,
            }),
            (RData::MX(mx), RecordType::Mx) => Some(Record::Host(full(&mx.exchange))),
            (RData::NS(ns), RecordType::Ns) => Some(Record::Host(full(&ns.0))),
            _ => None,
        };
        answers.filter_map(|answer| record(&answer.rdata)).collect()
    }
}

fn type_of(kind: RecordType) -> TYPE {
    match kind {
        RecordType::Srv => TYPE::SRV,
        RecordType::A => TYPE::A,
        RecordType::Aaaa => TYPE::AAAA,
        RecordType::Mx => TYPE::MX,
        RecordType::Ns => TYPE::NS,
    }
}

/// The name with a dot at its end.
fn full(name: &Name<'_>) -> String {
    format!("{name}.")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const QUERY: Query<'_> = Query {
        id: 7,
        name: "a.test",
        kind: RecordType::Srv,
        extended: true,
    };

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..300), real in any::<bool>()) {
            if real {
                let question = QUERY.to_bytes().expect("a name");
                let flags = [0, 7, 0x84, 0];
                bytes.splice(0..0, flags.into_iter().chain(question.into_iter().skip(4)));
            }
            QUERY.read(&bytes);
        }
    }

    #[test]
    fn names_that_are_none() {
        let long = "a".repeat(64);
        let query = Query {
            name: &long,
            ..QUERY
        };
        assert!(query.to_bytes().is_err());
    }
}
