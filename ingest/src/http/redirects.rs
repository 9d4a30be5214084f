//! Which redirects are followed: credentials must not reach whoever a server points at.

use reqwest::Url;
use reqwest::redirect::Policy;

use crate::config::HttpOptions;

/// Redirects followed before giving up.
const REDIRECTS_MAX: usize = 10;

/// What `options` want. The client itself takes `Authorization` along to the same host only; of `http_headers` that are secret it knows
/// nothing, so that such a request does not go elsewhere.
pub(super) fn policy(options: &HttpOptions) -> Policy {
    if !options.follow_redirects {
        return Policy::none();
    }
    let mut headers = options.http_headers.values();
    if !headers.any(|header| !header.secrets.is_empty() || !header.files.is_empty()) {
        return Policy::limited(REDIRECTS_MAX);
    }
    Policy::custom(|attempt| {
        let is_elsewhere = attempt.previous().first().map(origin) != Some(origin(attempt.url()));
        if attempt.previous().len() > REDIRECTS_MAX {
            attempt.error("too many redirects")
        } else if is_elsewhere {
            attempt.error("secret http_headers are not sent to another host by a redirect")
        } else {
            attempt.follow()
        }
    })
}

fn origin(url: &Url) -> (Option<String>, Option<u16>) {
    let host = url.host_str().map(str::to_owned);
    (host, url.port_or_known_default())
}

#[cfg(test)]
mod tests {
    use reqwest::{Method, Url};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use crate::config::HttpOptions;
    use crate::config::keys::HttpKeys;
    use crate::http::{Answers, HttpClient, explain};

    /// Answers each request with `head`, and gives its address.
    async fn server(head: String) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound").to_string();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 4096]).await;
                let answer =
                    format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        address
    }

    fn options(headers: &str) -> HttpOptions {
        let text = format!("{{url: 'http://a', http_headers: {headers}}}");
        let config: crate::config::HttpSdConfig = serde_yaml::from_str(&text).expect("valid");
        config.http()
    }

    async fn ask(headers: &str, address: &str) -> Result<u16, String> {
        let client = HttpClient::new(options(headers), &Answers::default()).expect("a client");
        let url = Url::parse(&format!("http://{address}/")).expect("a URL");
        let request = client.request(Method::GET, url).await.expect("a request");
        let answer = request.send().await.map_err(|e| explain(&e))?;
        Ok(answer.status().as_u16())
    }

    #[tokio::test]
    async fn secret_headers_stay_with_the_host_they_were_meant_for() {
        let other = server("204 No Content".to_owned()).await;
        let first = server(format!("302 Found\r\nLocation: http://{other}/")).await;
        assert_eq!(ask("{X-A: {values: [b]}}", &first).await, Ok(204));
        let error = ask("{X-A: {secrets: [b]}}", &first).await;
        let error = error.expect_err("elsewhere");
        assert!(error.contains("are not sent to another host"), "{error}");
    }
}
