//! The S3 server of the tests as a program: `narthex-faulty FOLDER ADDRESS [EVERY]`.
//!
//! Serves `FOLDER` until it is killed. With `EVERY`, one of so many requests meets a fault, each kind in turn.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use narthex_faulty::{Fault, Faults, S3Server};

const KINDS: [Fault; 6] = [
    Fault::Status(500),
    Fault::Refused,
    Fault::Truncated(200),
    Fault::Unanswered,
    Fault::Status(503),
    Fault::Late(Duration::from_millis(500)),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match serve(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("narthex-faulty FOLDER ADDRESS [EVERY]: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(arguments: &[String]) -> Result<(), Box<dyn std::error::Error>> {
    let [folder, address, every @ ..] = arguments else {
        return Err("a folder and an address are needed".into());
    };
    let address: SocketAddr = address.parse()?;
    let every: Option<u64> = every.first().map(|text| text.parse()).transpose()?;
    let inside = if every.is_some() {
        SocketAddr::new(address.ip(), 0)
    } else {
        address
    };
    let server = S3Server::start(Path::new(folder), inside)?;
    let faults = every.map(|every| -> std::io::Result<Faults> {
        let faults = Faults::start(address, server.address())?;
        faults.set(move |request| {
            let turn = request.number / every;
            let hit = request.number % every == every - 1;
            let kind = KINDS.get(turn as usize % KINDS.len());
            kind.filter(|_| hit).copied().unwrap_or(Fault::None)
        });
        Ok(faults)
    });
    let _faults = faults.transpose()?;
    loop {
        std::thread::park();
    }
}
