//! What must hold between the keys of discovery.

use narthex_settings::Step;

use super::check_http::{self, Mistake};
use super::discovery::{
    DiscoveryOptions, DnsSdConfig, FileSdConfig, HttpSdConfig, RecordType, StaticConfig,
};
use super::keys::HttpKeys;

/// Everything that is wrong.
pub(super) fn mistakes(options: &DiscoveryOptions) -> Vec<Mistake> {
    let mut found = Vec::new();
    // Relabelling may make an address of anything, so only what goes without can be judged.
    if options.relabel_configs.is_empty() {
        found.extend(each("static_configs", &options.static_configs, group));
    }
    found.extend(options.file_sd_configs.iter().flat_map(files));
    found.extend(each("http_sd_configs", &options.http_sd_configs, server));
    found.extend(each("dns_sd_configs", &options.dns_sd_configs, names));
    found
}

/// The mistakes in the elements of the list at `key`.
fn each<T>(
    key: &'static str,
    list: &[T],
    mistakes: impl Fn(&T) -> Vec<Mistake>,
) -> impl Iterator<Item = Mistake> {
    let found = list.iter().enumerate().flat_map(move |(at, element)| {
        let path = [Step::Key(key), Step::Index(at)];
        let below = mistakes(element).into_iter();
        below.map(move |(below, message)| ([&path[..], &below].concat(), message))
    });
    found.collect::<Vec<_>>().into_iter()
}

fn group(group: &StaticConfig) -> Vec<Mistake> {
    let bad = |(at, address): (usize, &String)| {
        let message = format!("\"{address}\" is not a valid hostname");
        let path = vec![Step::Key("targets"), Step::Index(at)];
        address.contains('/').then_some((path, message))
    };
    group.targets.iter().enumerate().filter_map(bad).collect()
}

fn files(config: &FileSdConfig) -> Option<Mistake> {
    let bad = |path: &&std::path::PathBuf| !crate::discovery::is_target_file(path);
    let path = config.files.iter().find(bad)?.display();
    let message = "must end in .json, .yml or .yaml and may have one \"*\", in its last part";
    let key = vec![Step::Key("file_sd_configs")];
    Some((key, format!("\"{path}\" {message}")))
}

fn server(config: &HttpSdConfig) -> Vec<Mistake> {
    let url = check_http::url_mistake(&config.url);
    let url = url.map(|message| (vec![Step::Key("url")], message));
    url.into_iter()
        .chain(check_http::mistakes(&config.http()))
        .collect()
}

fn names(config: &DnsSdConfig) -> Vec<Mistake> {
    let mut found = Vec::new();
    if config.names.is_empty() {
        found.push((vec![Step::Key("names")], "must name somebody".to_owned()));
    }
    if config.port == 0 && config.kind != RecordType::Srv {
        let message = "must be given: only SRV records bring their own";
        found.push((vec![Step::Key("port")], message.to_owned()));
    }
    found
}
