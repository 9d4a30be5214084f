//! `dns_sd_configs`: names that are looked up, each a group of targets.

mod message;
mod resolver;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::group::{Groups, TargetGroup};
use super::metrics::Mechanism;
use super::refresh::Refresh;
use super::{DiscoveryMetrics, Pending};
use crate::config::{DnsSdConfig, DurationMs, RecordType};
use message::Record;
pub(super) use resolver::Resolver;

/// The label with the name that was looked up.
const META_NAME: &str = "__meta_dns_name";
const META_SRV_TARGET: &str = "__meta_dns_srv_record_target";
const META_SRV_PORT: &str = "__meta_dns_srv_record_port";
const META_MX_TARGET: &str = "__meta_dns_mx_record_target";
const META_NS_TARGET: &str = "__meta_dns_ns_record_target";

/// The discovery of one element of `dns_sd_configs`.
pub(super) struct DnsDiscovery {
    config: DnsSdConfig,
    resolver: Arc<Resolver>,
    /// What each name meant when it could last be looked up.
    names: BTreeMap<String, Vec<TargetGroup>>,
    metrics: Arc<DiscoveryMetrics>,
}

impl DnsDiscovery {
    /// A discovery that has not asked yet.
    pub(super) fn new(
        config: DnsSdConfig,
        resolver: Resolver,
        metrics: Arc<DiscoveryMetrics>,
    ) -> Self {
        Self {
            config,
            resolver: Arc::new(resolver),
            names: BTreeMap::new(),
            metrics,
        }
    }

    /// Looks all names up, side by side.
    async fn look_up(&mut self) -> Groups {
        let mut lookups = JoinSet::new();
        let kind = self.config.kind;
        for name in self.config.names.iter().cloned() {
            let resolver = self.resolver.clone();
            lookups.spawn(async move {
                let found = resolver.look_up(&name, kind).await;
                (name, found)
            });
        }
        let mut problems = Vec::new();
        while let Some(done) = lookups.join_next().await {
            // A lookup that panicked says nothing.
            let Ok((name, found)) = done else { continue };
            self.metrics.dns_lookups.add(1);
            match found {
                Ok(records) => {
                    let groups = records.iter().map(|record| self.group(&name, record));
                    let groups = groups.collect();
                    self.names.insert(name, groups);
                }
                Err(problem) => {
                    self.metrics.dns_failures.add(1);
                    problems.push(problem);
                }
            }
        }
        problems.sort();
        Groups {
            groups: self.names.values().flatten().cloned().collect(),
            problems,
        }
    }

    /// A record is a group of one: its labels are no other's.
    fn group(&self, name: &str, record: &Record) -> TargetGroup {
        let port = self.config.port;
        let tagged = |host: &str, port, labels: &[(&str, String)]| {
            let group = TargetGroup {
                source: name.to_owned(),
                addresses: vec![host_port(host.trim_end_matches('.'), port)],
                labels: Vec::new(),
            };
            let named = group.tagged(META_NAME, name);
            labels
                .iter()
                .fold(named, |group, (name, value)| group.tagged(name, value))
        };
        match record {
            Record::Address(address) => tagged(&address.to_string(), port, &[]),
            Record::Service { target, port } => tagged(
                target,
                *port,
                &[
                    (META_SRV_TARGET, target.clone()),
                    (META_SRV_PORT, port.to_string()),
                ],
            ),
            Record::Host(host) if self.config.kind == RecordType::Mx => {
                tagged(host, port, &[(META_MX_TARGET, host.clone())])
            }
            Record::Host(host) => tagged(host, port, &[(META_NS_TARGET, host.clone())]),
        }
    }
}

impl Refresh for DnsDiscovery {
    fn mechanism(&self) -> Mechanism {
        Mechanism::Dns
    }

    fn interval(&self) -> DurationMs {
        self.config.refresh_interval
    }

    fn refresh(&mut self) -> Pending<'_, Result<Groups, String>> {
        Box::pin(async move { Ok(self.look_up().await) })
    }
}

/// `host:port`, an IPv6 address in brackets.
fn host_port(host: &str, port: u16) -> String {
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

#[cfg(test)]
mod tests;
