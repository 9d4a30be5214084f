//! A server of tokens, and whoever wants some.

use std::sync::Arc;

use parking_lot::Mutex as SyncMutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// What was asked, a line each: credentials, and the form.
type Asked = Arc<SyncMutex<Vec<String>>>;

/// A server that gives `answers` in turn, the last again and again.
async fn server(answers: Vec<String>) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/token", listener.local_addr().expect("bound"));
    let asked = Asked::default();
    let notes = asked.clone();
    tokio::spawn(async move {
        let mut number = 0;
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut text = String::new();
            let mut piece = [0; 4096];
            while !text.contains("\r\n\r\n") || text.ends_with("\r\n\r\n") {
                let read = stream.read(&mut piece).await.unwrap_or(0);
                if read == 0 {
                    break;
                }
                text.push_str(&String::from_utf8_lossy(&piece[..read]));
            }
            let (head, form) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
            let is_credentials =
                |line: &&str| line.to_ascii_lowercase().starts_with("authorization: ");
            let credentials = head
                .lines()
                .find(is_credentials)
                .map_or("", |line| &line[15..]);
            notes
                .lock()
                .push(format!("{credentials} {form}").trim().to_owned());
            let answer = &answers[number.min(answers.len() - 1)];
            number += 1;
            let (status, body) = answer.split_once(' ').expect("a status and a body");
            let answer = format!(
                "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (url, asked)
}

fn tokens(url: &str, more: &str) -> Tokens {
    let text = format!("{{client_id: 'a:b', token_url: '{url}', {more}}}");
    let options: OAuth2 = serde_yaml::from_str(&text).expect("valid");
    let client = Client::builder().no_proxy().build().expect("a client");
    Tokens::new(client, options).expect("a URL")
}

fn token(name: &str, expires_in: &str) -> String {
    format!(
        "200 {{\"access_token\": \"{name}\", \"token_type\": \"bearer\", \"expires_in\": {expires_in}}}"
    )
}

async fn header(tokens: &Tokens) -> String {
    let header = tokens.header().await.expect("a token");
    assert!(header.is_sensitive());
    header.to_str().expect("text").to_owned()
}

#[tokio::test]
async fn a_token_is_kept_until_shortly_before_it_expires() {
    let (url, asked) = server(vec![token("x", "3600"), token("y", "3600")]).await;
    let all = tokens(
        &url,
        "client_secret: 's s', scopes: [p, q], endpoint_params: {audience: z}",
    );
    let both = tokio::join!(header(&all), header(&all));
    assert_eq!(both, ("Bearer x".to_owned(), "Bearer x".to_owned()));
    // base64 of `a%3Ab:s+s`.
    let expected = "Basic YSUzQWI6cytz grant_type=client_credentials&scope=p+q&audience=z";
    assert_eq!(*asked.lock(), [expected]);
    let (url, asked) = server(vec![
        token("x", "\"9\""),
        token("y", "11"),
        token("z", "null"),
    ])
    .await;
    let all = tokens(&url, "client_secret: s");
    for expected in ["Bearer x", "Bearer y", "Bearer y", "Bearer y"] {
        assert_eq!(header(&all).await, expected);
    }
    assert_eq!(asked.lock().len(), 2);
}

#[tokio::test]
async fn who_wants_to_be_told_in_the_form_is() {
    let (url, asked) = server(vec!["401 no".to_owned(), token("x", "0"), token("y", "1")]).await;
    let all = tokens(&url, "client_secret: s");
    assert_eq!(header(&all).await, "Bearer x");
    let form = "grant_type=client_credentials&client_id=a%3Ab&client_secret=s";
    assert_eq!(asked.lock()[1], form);
    all.kept.lock().await.token = None;
    assert_eq!(header(&all).await, "Bearer y");
    assert_eq!(asked.lock()[2..], [form], "not in the header again");
}

#[tokio::test]
async fn another_secret_in_the_file_needs_another_token() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("secret");
    let (url, asked) = server(vec![token("x", "3600"), token("y", "3600")]).await;
    let all = tokens(&url, &format!("client_secret_file: '{}'", file.display()));
    let error = all.header().await.expect_err("no file").to_string();
    assert!(error.contains("secret: No such file"), "{error}");
    for (secret, expected) in [("1\n", "Bearer x"), ("1", "Bearer x"), ("2", "Bearer y")] {
        std::fs::write(&file, secret).expect("written");
        assert_eq!(header(&all).await, expected);
    }
    assert_eq!(asked.lock().len(), 2);
}

#[tokio::test]
async fn what_is_no_token() {
    for (answer, expected) in [
        (
            "403 {\"error\": \"access_denied\"}",
            "403 Forbidden: {\"error\": \"access_denied\"}",
        ),
        ("200 {}", "server response missing access_token"),
        ("200 <html>", "the answer is no token: expected value"),
    ] {
        let (url, _) = server(vec![answer.to_owned()]).await;
        let error = tokens(&url, "client_secret: s").header().await;
        let error = error.expect_err("no token").to_string();
        assert!(
            error.contains("oauth2: cannot fetch token from http://127.0.0.1"),
            "{error}"
        );
        assert!(error.contains(expected), "{error}");
    }
}
