//! Runs every `tests/http/*.scenario` against a real server on loopback with a folder of its own.
//!
//! A scenario file is a list of cases that run in order (see `http/scenario.rs` for the format).

#[path = "http/body.rs"]
mod body;
#[path = "http/expect.rs"]
mod expect;
#[path = "http/scenario.rs"]
mod scenario;

use std::path::{Path, PathBuf};

use narthex_server::flags::Settings;
use narthex_server::serve::Server;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use scenario::Case;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scenarios() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/http");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("the folder")
        .map(|e| e.expect("an entry").path())
        .collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "scenario"));
    files.sort();
    assert!(!files.is_empty(), "no scenarios in {}", folder.display());
    let mut failures = Vec::new();
    for file in &files {
        failures.extend(run_file(file).await);
    }
    assert!(
        failures.is_empty(),
        "{} failed:\n\n{}",
        failures.len(),
        failures.join("\n\n")
    );
}

async fn run_file(path: &Path) -> Vec<String> {
    let file = scenario::parse(&std::fs::read_to_string(path).expect("a readable scenario"));
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("narthex.yml");
    // Nothing is scraped, so that only the cases decide what is stored.
    std::fs::write(&config, "global: {}\n").expect("a configuration");
    let fixed = [
        "--web.listen-address=127.0.0.1:0".to_owned(),
        format!("--storage.path={}", folder.path().join("data").display()),
        format!("--config.file={}", config.display()),
    ];
    let flags = fixed
        .iter()
        .map(String::as_str)
        .chain(file.flags.iter().map(String::as_str));
    let settings = Settings::parse(flags).expect("valid flags");
    let server = Server::start(settings, None)
        .await
        .expect("a running server");
    let base = format!("http://{}", server.address());
    let mut failures = Vec::new();
    for case in &file.cases {
        if let Some(text) = &case.config {
            std::fs::write(&config, text).expect("a configuration");
        }
        if let Err(why) = run_case(&base, case).await {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            failures.push(format!("{name}:{}: {}\n{why}", case.line, case.title));
        }
    }
    server.stop().await.expect("a clean stop");
    failures
}

async fn run_case(base: &str, case: &Case) -> Result<(), String> {
    let mut headers = HeaderMap::new();
    for (name, value) in &case.headers {
        let name: HeaderName = name.parse().map_err(|_| format!("bad header {name}"))?;
        headers.insert(
            name,
            HeaderValue::from_str(value).map_err(|e| e.to_string())?,
        );
    }
    let method = case
        .method
        .parse()
        .map_err(|_| format!("bad method {}", case.method))?;
    let request = reqwest::Client::builder()
        .no_proxy()
        .gzip(false)
        .build()
        .map_err(|e| e.to_string())?
        .request(method, format!("{base}{}", case.path))
        .headers(headers)
        .body(body::read(&case.body)?);
    let response = request
        .send()
        .await
        .map_err(|e| format!("no answer: {e}"))?;
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let body = response
        .bytes()
        .await
        .map_err(|e| format!("the answer broke off: {e}"))?;
    let shown = String::from_utf8_lossy(&body);
    expect::status(case.status, status)
        .and_then(|()| expect::headers(&case.want_headers, &headers))
        .and_then(|()| expect::body(&case.want_body, &body))
        .map_err(|why| {
            format!(
                "{why}\nanswer: {status} {}",
                shown.chars().take(2_000).collect::<String>()
            )
        })
}
