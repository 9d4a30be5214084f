//! What must hold between the keys of an HTTP client.

use narthex_settings::Step;
use reqwest::Url;

use super::http::{HttpOptions, ShownUrl};

/// Where something is wrong, and what.
pub(super) type Mistake = (Vec<Step>, String);

/// Everything that is wrong.
pub(super) fn mistakes(options: &HttpOptions) -> Vec<Mistake> {
    let mut found = Vec::new();
    let mut mistake = |wrong: bool, key, message: &str| {
        if wrong {
            found.push((vec![Step::Key(key)], message.to_owned()));
        }
    };
    let bearer = options.bearer_token.is_some() || options.bearer_token_file.is_some();
    let ways = [
        options.basic_auth.is_some(),
        options.authorization.is_some(),
        options.oauth2.is_some(),
        bearer,
    ];
    let key = match (&options.authorization, &options.basic_auth) {
        (Some(_), _) => "authorization",
        (None, Some(_)) => "basic_auth",
        (None, None) => "oauth2",
    };
    mistake(
        ways.iter().filter(|way| **way).count() > 1,
        key,
        "at most one of basic_auth, authorization, oauth2 and bearer_token may be given",
    );
    const TWICE: &str = "give a value or a file with it, not both";
    if let Some(auth) = &options.basic_auth {
        let name = !auth.username.is_empty() && auth.username_file.is_some();
        let password = auth.password.is_some() && auth.password_file.is_some();
        mistake(name || password, "basic_auth", TWICE);
    }
    if let Some(auth) = &options.authorization {
        let twice = auth.credentials.is_some() && auth.credentials_file.is_some();
        mistake(twice, "authorization", TWICE);
        let basic = auth.scheme().eq_ignore_ascii_case("basic");
        let message = "type must not be \"basic\", use basic_auth instead";
        mistake(basic, "authorization", message);
    }
    if let Some(oauth2) = &options.oauth2 {
        let twice = oauth2.client_secret.is_some() && oauth2.client_secret_file.is_some();
        mistake(twice, "oauth2", TWICE);
        mistake(
            oauth2.client_id.is_empty(),
            "oauth2",
            "client_id is missing",
        );
        if let Some(message) = url_mistake(&oauth2.token_url) {
            mistake(true, "oauth2", &format!("token_url: {message}"));
        }
    }
    let twice = options.bearer_token.is_some() && options.bearer_token_file.is_some();
    mistake(twice, "bearer_token", TWICE);
    found
}

/// Why a URL cannot be asked, if so.
pub(super) fn url_mistake(url: &ShownUrl) -> Option<String> {
    let parsed = match Url::parse(&url.0) {
        Ok(parsed) => parsed,
        Err(error) => return Some(format!("\"{url}\" is not a URL: {error}")),
    };
    let is_http = matches!(parsed.scheme(), "http" | "https") && parsed.has_host();
    (!is_http).then(|| format!("\"{url}\" must begin with http:// or https:// and name a host"))
}
