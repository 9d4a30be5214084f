//! The format of scenario files.
//!
//! ```text
//! # A comment. Before the first case, flags of the server may stand:
//! flag --query.max-samples=10
//!
//! ### the title of a case
//! config                      (optional: the configuration file becomes the indented lines below)
//!   global: {}
//! POST /api/v1/query          (method and path)
//! Content-Type: text/plain    (headers)
//!
//! body, or a directive of body.rs
//! => 200
//! Content-Type: application/*
//!
//! body, compared as expect.rs says
//! ```

/// A whole file.
#[derive(Debug, Default)]
pub(crate) struct File {
    /// Flags for the server.
    pub flags: Vec<String>,
    /// Its cases.
    pub cases: Vec<Case>,
}

/// One request and what must come back.
#[derive(Debug, Default)]
pub(crate) struct Case {
    /// Where it stands, from 1.
    pub line: usize,
    /// What it shows.
    pub title: String,
    /// The new text of the configuration file.
    pub config: Option<String>,
    /// GET, POST, …
    pub method: String,
    /// With the query string.
    pub path: String,
    /// Sent headers.
    pub headers: Vec<(String, String)>,
    /// The body as written.
    pub body: String,
    /// The status wanted.
    pub status: u16,
    /// Headers wanted; `*` stands for any text.
    pub want_headers: Vec<(String, String)>,
    /// The body wanted; empty: any.
    pub want_body: String,
}

/// Reads a scenario file; panics on a mistake in it.
pub(crate) fn parse(text: &str) -> File {
    let mut file = File::default();
    let numbered = text
        .lines()
        .enumerate()
        .filter(|(_, l)| !l.starts_with("# "));
    let mut lines: Vec<(usize, &str)> = Vec::new();
    for (at, line) in numbered {
        if let Some(flag) = line.strip_prefix("flag ") {
            file.flags.push(flag.to_owned());
        } else if line.starts_with("### ") && !lines.is_empty() {
            file.cases.push(case(&std::mem::take(&mut lines)));
            lines.push((at, line));
        } else if !lines.is_empty() || line.starts_with("### ") {
            lines.push((at, line));
        }
    }
    file.cases.push(case(&lines));
    file
}

fn case(lines: &[(usize, &str)]) -> Case {
    let [(at, title), rest @ ..] = lines else {
        panic!("a case begins with ###")
    };
    let mut case = Case {
        line: at + 1,
        title: title.trim_start_matches('#').trim().to_owned(),
        ..Case::default()
    };
    let mut rest: Vec<&str> = rest.iter().map(|(_, line)| *line).collect();
    if rest.first() == Some(&"config") {
        let end = rest
            .iter()
            .skip(1)
            .position(|l| !l.starts_with("  "))
            .expect("a request follows")
            + 1;
        case.config = Some(
            rest.drain(..end)
                .skip(1)
                .map(|l| format!("{}\n", &l[2..]))
                .collect(),
        );
    }
    let arrow = rest
        .iter()
        .position(|l| l.starts_with("=> "))
        .expect("a case has a => line");
    let (request, answer) = rest.split_at(arrow);
    let (request_line, request) = request.split_first().expect("a case has a request line");
    let (method, path) = request_line.split_once(' ').expect("method and path");
    (case.method, case.path) = (method.to_owned(), path.to_owned());
    (case.headers, case.body) = headers_and_body(request);
    case.status = answer[0]
        .trim_start_matches("=> ")
        .trim()
        .parse()
        .expect("a status");
    (case.want_headers, case.want_body) = headers_and_body(&answer[1..]);
    case
}

fn headers_and_body(lines: &[&str]) -> (Vec<(String, String)>, String) {
    let blank = lines
        .iter()
        .position(|l| l.is_empty())
        .unwrap_or(lines.len());
    let header = |line: &&str| {
        let (name, value) = line.split_once(':').expect("Name: value");
        (name.to_owned(), value.trim().to_owned())
    };
    let body = lines.get(blank + 1..).unwrap_or(&[]).join("\n");
    (
        lines[..blank].iter().map(header).collect(),
        body.trim_end().to_owned(),
    )
}
