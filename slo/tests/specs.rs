//! The corpus: what is read of good files, said as our own format with what was lost; what is said of bad ones. Each file's answer lies
//! beside it; `NARTHEX_UPDATE_GOLDEN=1` writes it anew.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use narthex_slo::spec::Slo;
use narthex_slo::{Options, Specs, Text, native, parse};

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/specs")
        .join(folder);
    let entries = std::fs::read_dir(folder).expect("the folder of the corpus");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths
}

fn read(path: &Path) -> Result<Specs, Vec<narthex_model::Error>> {
    let text = std::fs::read_to_string(path).expect("a file of the corpus");
    let file = path
        .file_name()
        .expect("a name")
        .to_string_lossy()
        .into_owned();
    let text = Text {
        file: &file,
        text: &text,
    };
    parse(&[text], &Options::default())
}

/// Compares with what lies beside the file.
fn compare(path: &Path, extension: &str, got: &str) {
    let golden = path.with_extension(extension);
    if std::env::var_os("NARTHEX_UPDATE_GOLDEN").is_some() {
        std::fs::write(&golden, got).expect("writes");
        return;
    }
    let expected = std::fs::read_to_string(&golden).unwrap_or_default();
    assert_eq!(got, expected, "{}", golden.display());
}

fn slos(specs: &Specs) -> Vec<Slo> {
    specs.slos.iter().map(|placed| placed.slo.clone()).collect()
}

#[test]
fn good_files() {
    for path in files("good") {
        let specs = match read(&path) {
            Ok(specs) => specs,
            Err(errors) => panic!("{}: {errors:#?}", path.display()),
        };
        let mut said = native::write(&slos(&specs));
        let text = Text {
            file: "again",
            text: &said,
        };
        let again = parse(&[text], &Options::default()).expect(&said);
        assert_eq!(slos(&again), slos(&specs), "{}\n{said}", path.display());
        for note in &specs.notes {
            writeln!(said, "# {note}").expect("a string");
        }
        compare(&path, "read", &said);
    }
}

#[test]
fn bad_files() {
    for path in files("bad") {
        let errors = match read(&path) {
            Ok(specs) => panic!("{}: {specs:#?}", path.display()),
            Err(errors) => errors,
        };
        let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        for line in &lines {
            let place = line.strip_prefix(&format!("{name}:")).expect(line);
            let mut numbers = place.split(':').take(2).map(str::parse::<usize>);
            assert!(numbers.all(|number| number.is_ok()), "{line}");
        }
        compare(&path, "errors", &(lines.join("\n") + "\n"));
    }
}
