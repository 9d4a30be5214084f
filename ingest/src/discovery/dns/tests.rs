//! Names that a server on loopback knows.

use simple_dns::rdata::{A, AAAA, CNAME, MX, NS, RData, SRV};
use simple_dns::{CLASS, Name, Packet, PacketFlag, RCODE, ResourceRecord};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

use super::*;

/// What the server answers to a question about `name`.
fn answer<'a>(question: &'a [u8], by_tcp: bool) -> Vec<u8> {
    let asked = Packet::parse(question).expect("a question");
    let name = asked.questions[0].qname.to_string();
    let mut answer = Packet::new_reply(asked.id());
    answer.questions.clone_from(&asked.questions);
    let mut say = |rdata: RData<'a>| {
        let name = Name::new("some.name").expect("a name");
        let record = ResourceRecord::new(name, CLASS::IN, 60, rdata);
        answer.answers.push(record);
    };
    let target = |text: &'static str| Name::new(text).expect("a name");
    match name.as_str() {
        "v4.test" => {
            say(RData::CNAME(CNAME(target("alias.test"))));
            say(RData::A(A::from(std::net::Ipv4Addr::new(10, 0, 0, 1))));
            say(RData::A(A::from(std::net::Ipv4Addr::new(10, 0, 0, 2))));
        }
        "v6.test" => say(RData::AAAA(AAAA::from(std::net::Ipv6Addr::LOCALHOST))),
        "_m._tcp.test" => say(RData::SRV(SRV {
            priority: 1,
            weight: 1,
            port: 8080,
            target: target("a.test"),
        })),
        "mail.test" => say(RData::MX(MX {
            preference: 1,
            exchange: target("mx.test"),
        })),
        "zone.test" => say(RData::NS(NS(target("ns.test")))),
        "many.test" if by_tcp => (1..=200).for_each(|i| {
            say(RData::A(A::from(std::net::Ipv4Addr::new(10, 0, 1, i))));
        }),
        "many.test" => answer.set_flags(PacketFlag::TRUNCATION),
        "old.test" if asked.opt().is_some() => *answer.rcode_mut() = RCODE::FormatError,
        "old.test" => say(RData::A(A::from(std::net::Ipv4Addr::new(10, 0, 0, 9)))),
        "broken.test" => *answer.rcode_mut() = RCODE::ServerFailure,
        "empty.test" => {}
        _ => *answer.rcode_mut() = RCODE::NameError,
    }
    answer.build_bytes_vec().expect("an answer")
}

/// A server, and a resolver that asks it.
async fn server(folder: &std::path::Path) -> Resolver {
    let udp = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let address = udp.local_addr().expect("bound");
    let tcp = TcpListener::bind(address).await.expect("the same port");
    tokio::spawn(async move {
        let mut buffer = [0; 512];
        while let Ok((count, from)) = udp.recv_from(&mut buffer).await {
            let answer = answer(&buffer[..count], false);
            // Somebody else's answer comes first.
            let mut foreign = answer.clone();
            foreign[0] ^= 1;
            for message in [foreign, answer] {
                udp.send_to(&message, from).await.expect("sent");
            }
        }
    });
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = tcp.accept().await {
            let length = stream.read_u16().await.expect("a length");
            let mut question = vec![0; usize::from(length)];
            stream.read_exact(&mut question).await.expect("a question");
            let answer = answer(&question, true);
            stream.write_u16(answer.len() as u16).await.expect("taken");
            stream.write_all(&answer).await.expect("taken");
        }
    });
    let file = folder.join("resolv.conf");
    std::fs::write(&file, "nameserver 127.0.0.1\nsearch nowhere.test test\n").expect("written");
    Resolver {
        file,
        port: address.port(),
    }
}

fn shown(groups: &Groups) -> Vec<String> {
    let shown = |group: &TargetGroup| {
        let labels = group.labels.iter();
        let labels: Vec<_> = labels
            .map(|(name, value)| format!("{}={value}", name.replace("__meta_dns_", "")))
            .collect();
        format!("{} {}", group.addresses.join(" "), labels.join(" "))
    };
    groups.groups.iter().map(shown).collect()
}

async fn found(kind: RecordType, names: &[&str]) -> (Vec<String>, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let resolver = server(folder.path()).await;
    let config = DnsSdConfig {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        kind,
        port: 9100,
        refresh_interval: DurationMs(30_000),
    };
    let groups = DnsDiscovery::new(config, resolver, Arc::default())
        .look_up()
        .await;
    (shown(&groups), groups.problems)
}

#[tokio::test]
async fn all_kinds_of_records() {
    let cases: [(RecordType, &[&str], &[&str]); 6] = [
        (
            RecordType::A,
            &["v4", "v4.test."],
            &[
                "10.0.0.1:9100 name=v4",
                "10.0.0.2:9100 name=v4",
                "10.0.0.1:9100 name=v4.test.",
                "10.0.0.2:9100 name=v4.test.",
            ],
        ),
        (RecordType::Aaaa, &["v6.test"], &["[::1]:9100 name=v6.test"]),
        (
            RecordType::Srv,
            &["_m._tcp.test"],
            &["a.test:8080 name=_m._tcp.test srv_record_target=a.test. srv_record_port=8080"],
        ),
        (
            RecordType::Mx,
            &["mail.test"],
            &["mx.test:9100 name=mail.test mx_record_target=mx.test."],
        ),
        (
            RecordType::Ns,
            &["zone.test"],
            &["ns.test:9100 name=zone.test ns_record_target=ns.test."],
        ),
        (
            RecordType::A,
            &["nobody.test", "empty.test", "v6.test"],
            &[],
        ),
    ];
    for (kind, names, want) in cases {
        let want: Vec<_> = want.iter().map(|s| (*s).to_owned()).collect();
        assert_eq!(found(kind, names).await, (want, Vec::new()));
    }
}

#[tokio::test]
async fn long_answers_and_old_servers() {
    let (all, problems) = found(RecordType::A, &["many.test", "old.test"]).await;
    assert_eq!((all.len(), problems), (201, Vec::new()));
}

#[tokio::test]
async fn failures_leave_things_as_they_were() {
    let folder = tempfile::tempdir().expect("a folder");
    let resolver = server(folder.path()).await;
    let file = resolver.file.clone();
    let config = DnsSdConfig {
        names: vec!["v4.test".to_owned(), "broken.test.".to_owned()],
        kind: RecordType::A,
        port: 1,
        refresh_interval: DurationMs(30_000),
    };
    let metrics = Arc::<DiscoveryMetrics>::default();
    let mut discovery = DnsDiscovery::new(config, resolver, metrics.clone());
    let first = discovery.look_up().await;
    assert_eq!(first.groups.len(), 2);
    let problem = first.problems.first().expect("one is broken");
    assert!(
        problem.starts_with("cannot look up \"broken.test.\": 127.0.0.1:")
            && problem.ends_with(": it answers ServerFailure"),
        "{problem}"
    );
    std::fs::remove_file(&file).expect("removed");
    let second = discovery.look_up().await;
    assert_eq!((second.groups, second.problems.len()), (first.groups, 2));
    assert_eq!(metrics.dns_lookups.get(), 4.0);
    assert_eq!(metrics.dns_failures.get(), 3.0);
}
