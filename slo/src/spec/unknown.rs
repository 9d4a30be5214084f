//! What is said of an SLO that there is not.

use narthex_model::{Error, ErrorKind};
use narthex_settings::nearest;

/// So many are listed.
const SHOWN: usize = 8;

/// There is no SLO with that id, but there are these: `NotFound`, with what was most likely meant.
pub fn no_such(id: &str, ids: &[&str]) -> Error {
    let but = match (nearest(id, ids.iter().copied()), ids) {
        (Some(meant), _) => format!(", did you mean {meant:?}?"),
        (None, []) => ": there is none".to_owned(),
        (None, ids) => {
            let listed: Vec<_> = ids.iter().take(SHOWN).copied().collect();
            let more = match ids.len().saturating_sub(SHOWN) {
                0 => String::new(),
                more => format!(" or {more} more"),
            };
            format!(", expected one of {}{more}", listed.join(", "))
        }
    };
    Error::new(ErrorKind::NotFound, format!("there is no SLO {id:?}{but}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_or_what_there_is() {
        let said = |id, ids: &[&str]| no_such(id, ids).to_string();
        assert_eq!(
            said("shop-spede", &["shop-speed", "shop-cart"]),
            "there is no SLO \"shop-spede\", did you mean \"shop-speed\"?"
        );
        assert_eq!(
            said("pay", &["shop-speed", "shop-cart"]),
            "there is no SLO \"pay\", expected one of shop-speed, shop-cart"
        );
        assert_eq!(said("pay", &[]), "there is no SLO \"pay\": there is none");
        let many = ["aaaaaaaaa"; 10];
        assert!(said("pay", &many).ends_with("aaaaaaaaa or 2 more"));
    }
}
