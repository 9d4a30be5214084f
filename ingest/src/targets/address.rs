//! The address that relabelling leaves a target.

use reqwest::Url;

use crate::relabel::LabelSet;

/// The URL that `__scheme__` and `__address__` name, without a path.
///
/// # Errors
/// What is wrong with them.
pub(crate) fn base_url(labels: &LabelSet) -> Result<Url, String> {
    let address = labels.get("__address__");
    if address.is_empty() {
        return Err("no address after relabelling".to_owned());
    }
    if address.contains(['/', '?', '#', '@']) {
        return Err(format!("\"{address}\" is not a valid hostname"));
    }
    let scheme = labels.get("__scheme__");
    if !matches!(scheme, "http" | "https") {
        return Err(format!("scheme \"{scheme}\" is neither http nor https"));
    }
    Url::parse(&format!("{scheme}://{address}"))
        .map_err(|e| format!("\"{address}\" is not a valid address: {e}"))
}
