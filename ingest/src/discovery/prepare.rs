//! From the configuration to discoveries that can run.

use narthex_model::Result;

use super::dns::{DnsDiscovery, Resolver};
use super::file::FileDiscovery;
use super::group::{Groups, TargetGroup};
use super::http::HttpDiscovery;
use super::refresh::Refreshed;
use super::{Context, Discovery, Pending, Report};
use crate::config::{DiscoveryOptions, DnsSdConfig, FileSdConfig, HttpSdConfig, StaticConfig};

/// The configuration of a discovery: two that are equal find the same.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum SourceConfig {
    Static(Vec<StaticConfig>),
    File(FileSdConfig),
    Http(Box<HttpSdConfig>),
    Dns(DnsSdConfig),
}

/// A discovery that does not run yet.
pub(crate) struct Prepared {
    pub(super) config: SourceConfig,
    pub(super) discovery: Box<dyn Discovery>,
}

/// The discoveries of a section.
///
/// # Errors
/// What cannot be used although it is well-formed: certificates, headers, a proxy.
pub(crate) fn prepare(options: &DiscoveryOptions, context: &Context) -> Result<Vec<Prepared>> {
    let mut all = vec![Prepared {
        config: SourceConfig::Static(options.static_configs.clone()),
        discovery: Box::new(Fixed(options.static_configs.clone())),
    }];
    all.extend(options.file_sd_configs.iter().map(|config| Prepared {
        config: SourceConfig::File(config.clone()),
        discovery: Box::new(FileDiscovery::new(config.clone(), context.clone())),
    }));
    for config in &options.http_sd_configs {
        let asked = HttpDiscovery::new(config, context.metrics.clone())?;
        all.push(Prepared {
            config: SourceConfig::Http(Box::new(config.clone())),
            discovery: Box::new(Refreshed::new(asked, context.clone())),
        });
    }
    all.extend(options.dns_sd_configs.iter().map(|config| {
        let asked = DnsDiscovery::new(config.clone(), Resolver::default(), context.metrics.clone());
        Prepared {
            config: SourceConfig::Dns(config.clone()),
            discovery: Box::new(Refreshed::new(asked, context.clone())),
        }
    }));
    Ok(all)
}

/// `static_configs`, which never change.
struct Fixed(Vec<StaticConfig>);

impl Discovery for Fixed {
    fn look(&mut self) -> Option<Groups> {
        let groups = self.0.iter().enumerate();
        let groups = groups
            .map(|(at, config)| TargetGroup::new(format!("static_configs[{at}]"), config.clone()));
        Some(Groups {
            groups: groups.collect(),
            problems: Vec::new(),
        })
    }

    fn watch(self: Box<Self>, _: Report) -> Pending<'static, ()> {
        Box::pin(async {})
    }
}
