//! Hosts with and without ports and domains.

use std::net::IpAddr;

/// The host of `host:port`; anything else as it is.
pub(super) fn strip_port(text: &str) -> &str {
    split(text).map_or(text, |(host, _)| host)
}

/// `node1.example.com:9100` becomes `node1:9100`; an address stays as it is.
pub(super) fn strip_domain(text: &str) -> String {
    let (host, port) = split(text).unwrap_or((text, ""));
    if host.parse::<IpAddr>().is_ok() {
        return text.to_owned();
    }
    let first = host.split('.').next().unwrap_or_default();
    match port {
        "" => first.to_owned(),
        port if first.contains(':') => format!("[{first}]:{port}"),
        port => format!("{first}:{port}"),
    }
}

/// Host and port of `host:port` or `[address]:port`; `None` if it is neither.
fn split(text: &str) -> Option<(&str, &str)> {
    let (host, port) = text.rsplit_once(':')?;
    let host = match host.strip_prefix('[') {
        Some(host) => host.strip_suffix(']')?,
        None if host.contains(':') => return None,
        None => host,
    };
    let is_plain = |text: &str| !text.contains(['[', ']']);
    (is_plain(host) && is_plain(port)).then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for (text, host, short) in [
            ("a.b.c:80", "a.b.c", "a:80"),
            ("a.b.c", "a.b.c", "a"),
            ("1.2.3.4:80", "1.2.3.4", "1.2.3.4:80"),
            ("[::1]:80", "::1", "[::1]:80"),
            ("::1", "::1", "::1"),
            ("", "", ""),
            ("a.b:", "a.b", "a"),
        ] {
            assert_eq!(
                (strip_port(text), strip_domain(text).as_str()),
                (host, short)
            );
        }
    }
}
