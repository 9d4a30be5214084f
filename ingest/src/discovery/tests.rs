//! Target files, and finders whose configuration changes.

use std::path::Path;

use super::*;
use crate::config::FileSdConfig;

fn context() -> Context {
    Context {
        clock: Arc::new(crate::SystemClock::new()),
        metrics: Arc::default(),
    }
}

#[test]
fn names_of_target_files() {
    for path in ["a.json", "/x/a.yml", "x/*.yaml", "x/a*b.JSON"] {
        assert!(is_target_file(Path::new(path)), "{path}");
    }
    for path in ["a", "a.txt", "*/a.json", "a**.json", "a.json/x"] {
        assert!(!is_target_file(Path::new(path)), "{path}");
    }
}

#[test]
fn a_broken_target_file_keeps_its_targets() {
    let folder = tempfile::tempdir().expect("a folder");
    let write =
        |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    let config = FileSdConfig {
        files: vec![folder.path().join("t-*.json"), folder.path().join("t.yml")],
        refresh_interval: crate::config::DurationMs(60_000),
    };
    let mut discovery = file::FileDiscovery::new(config, context());
    let mut look = || {
        let found = discovery.read();
        let mut addresses: Vec<_> = found
            .groups
            .iter()
            .flat_map(|g| g.addresses.clone())
            .collect();
        addresses.sort();
        (addresses.join(" "), found.problems)
    };
    write(
        "t-1.json",
        "[{\"targets\": [\"a:1\"],\t\"labels\": {\"x\": \"y\"}}]",
    );
    write("other.json", "[{\"targets\": [\"no:1\"]}]");
    let (addresses, problems) = look();
    assert_eq!(addresses, "a:1");
    assert!(problems[0].contains("t.yml: No such file"), "{problems:?}");
    write("t.yml", "- targets: [b:2]\n");
    assert_eq!(look(), ("a:1 b:2".to_owned(), vec![]));
    write("t-1.json", "[{\"targets\": [\"c:1\"");
    write("t.yml", "- targets: [b:3]\n");
    let (addresses, problems) = look();
    assert_eq!(addresses, "a:1 b:3");
    assert!(
        problems[0].contains("t-1.json: EOF while parsing"),
        "{problems:?}"
    );
    std::fs::remove_file(folder.path().join("t-1.json")).expect("removed");
    assert_eq!(look(), ("b:3".to_owned(), vec![]));
}
