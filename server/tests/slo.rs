//! `narthex slo` from the outside: sessions at a terminal, each a file of `server/tests/slo`. `NARTHEX_UPDATE_GOLDEN=1` writes anew what
//! commands print.
//!
//! A session has files (`=== NAME`, up to the next line that begins like that), of which `data` are series as unit tests of rules write
//! them, a sample each minute from the beginning of 2026 on, imported into the folder `data`, and `serve` are flags of a server that
//! runs meanwhile at `URL`; then commands (`$ slo …`) with what they print: standard output as it is, standard error after `! `, an exit
//! code that is not 0 as `? 1`.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The beginning of 2026.
const START: i64 = 1_767_225_600;

/// A file of ours, taken apart.
#[derive(Default)]
struct Session {
    files: Vec<(String, String)>,
    commands: Vec<(String, String)>,
}

fn read(text: &str) -> Session {
    let mut session = Session::default();
    let mut is_file = true;
    for line in text.split_inclusive('\n') {
        if let Some(name) = line.strip_prefix("=== ") {
            session.files.push((name.trim().to_owned(), String::new()));
        } else if let Some(command) = line.strip_prefix("$ ") {
            is_file = false;
            let command = command.trim().to_owned();
            session.commands.push((command, String::new()));
        } else {
            let into = match is_file {
                true => session.files.last_mut(),
                false => session.commands.last_mut(),
            };
            into.expect("a file or a command first").1.push_str(line);
        }
    }
    session
}

/// Runs the program in a folder: what it prints, as it stands in a session.
fn run(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_narthex"));
    let output = command.current_dir(folder).args(arguments).output();
    let output = output.expect("the program runs");
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    for line in String::from_utf8_lossy(&output.stderr).lines() {
        writeln!(said, "! {line}").expect("a string");
    }
    if let Some(code) = output.status.code().filter(|code| *code != 0) {
        writeln!(said, "? {code}").expect("a string");
    }
    said
}

/// Series with `start+stepxtimes` or single values, as OpenMetrics.
fn openmetrics(series: &str) -> String {
    let mut lines = Vec::new();
    for line in series.lines().filter(|line| !line.trim().is_empty()) {
        let (name, values) = line.rsplit_once("  ").expect("two blanks before values");
        let mut minute = 0;
        for (from, step, times) in values.split(' ').map(numbers) {
            for at in 0..=times {
                let value = from + step * at as f64;
                lines.push(format!("{} {value} {}\n", name.trim(), START + minute * 60));
                minute += 1;
            }
        }
    }
    lines.concat() + "# EOF\n"
}

/// `1+2x3` is 1 and three more, each 2 higher; a number is itself.
fn numbers(text: &str) -> (f64, f64, i64) {
    let number = |text: &str| text.parse::<f64>().expect("a number");
    let Some((values, times)) = text.split_once('x') else {
        return (number(text), 0.0, 0);
    };
    let (from, step) = values.split_once('+').expect("a step");
    let times = times.parse().expect("a number of times");
    (number(from), number(step), times)
}

/// A server that runs until the session is over.
struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start(folder: &Path, flags: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = free.local_addr().expect("an address").to_string();
        drop(free);
        std::fs::write(folder.join("serve.yml"), "scrape_configs: []\n").expect("writes");
        let mut command = Command::new(env!("CARGO_BIN_EXE_narthex"));
        command.args(["serve", "--storage.path=served", "--config.file=serve.yml"]);
        command.arg(format!("--web.listen-address={address}"));
        command.args(flags.split_whitespace()).current_dir(folder);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().expect("the program runs");
        let patience = Instant::now() + Duration::from_secs(60);
        while !is_ready(&address) {
            assert!(Instant::now() < patience, "the server does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        let url = format!("http://{address}");
        Self { process, url }
    }
}

/// Whether the server has read its log; until then it answers, but not what is asked.
fn is_ready(address: &str) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(b"GET /-/ready HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        std::io::Result::Ok(answer)
    };
    ask().is_ok_and(|answer| answer.split(' ').nth(1) == Some("200"))
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn prepared(session: &Session) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in &session.files {
        if name == "data" {
            let path = folder.path().join("data.om");
            std::fs::write(path, openmetrics(text)).expect("writes");
            let import = ["import", "openmetrics", "data.om", "--storage.path", "data"];
            let said = run(folder.path(), &import);
            assert!(!said.contains('?'), "{said}");
            continue;
        }
        if name == "serve" {
            continue;
        }
        let path = folder.path().join(name);
        let parent = path.parent().expect("a folder");
        std::fs::create_dir_all(parent).expect("a folder");
        std::fs::write(path, text).expect("writes");
    }
    folder
}

fn play(path: &Path) {
    let before = std::fs::read_to_string(path).expect("a session");
    let session = read(&before);
    let folder = prepared(&session);
    let served = session.files.iter().find(|(name, _)| name == "serve");
    let server = served.map(|(_, flags)| Server::start(folder.path(), flags));
    let url = server.as_ref().map_or("URL", |server| &server.url);
    let mut after = String::new();
    for (name, text) in &session.files {
        write!(after, "=== {name}\n{text}").expect("a string");
    }
    for (command, _) in &session.commands {
        let typed = command.replace("URL", url);
        let arguments: Vec<_> = typed.split(' ').collect();
        let said = run(folder.path(), &arguments).replace(url, "URL");
        write!(after, "$ {command}\n{said}").expect("a string");
        // So that sessions can be read.
        if !said.is_empty() {
            after.push('\n');
        }
    }
    if std::env::var_os("NARTHEX_UPDATE_GOLDEN").is_some() {
        std::fs::write(path, after).expect("writes");
        return;
    }
    assert_eq!(after, before, "{}", path.display());
}

#[test]
fn sessions() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/slo");
    let entries = std::fs::read_dir(folder).expect("sessions");
    let mut paths: Vec<PathBuf> = entries.map(|e| e.expect("an entry").path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths.iter().for_each(|path| play(path));
}
