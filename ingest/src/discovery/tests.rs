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
    std::fs::remove_file(folder.path().join("t.yml")).expect("removed");
    let (addresses, problems) = look();
    assert_eq!(addresses, "", "it is gone, named or not");
    assert!(problems[0].contains("t.yml: No such file"), "{problems:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_comes_later_is_watched_from_then_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let targets = folder.path().join("targets");
    let config = FileSdConfig {
        files: vec![targets.join("*.yml")],
        refresh_interval: crate::config::DurationMs(3000),
    };
    let mut discovery = file::FileDiscovery::new(config.clone(), context());
    assert_eq!(discovery.look(), Some(Groups::default()));
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let report: Report = Box::new(move |groups| {
        let addresses = groups.groups.iter().flat_map(|g| g.addresses.clone());
        let _ = tell.send(addresses.collect::<Vec<_>>());
        Box::pin(async {})
    });
    let watch = tokio::spawn(Box::new(discovery).watch(report));
    std::fs::create_dir(&targets).expect("made");
    assert_eq!(told.recv().await, Some(vec![]), "at the next interval");
    let began = std::time::Instant::now();
    std::fs::write(targets.join("a.yml"), "- targets: [a:1]\n").expect("written");
    assert_eq!(told.recv().await, Some(vec!["a:1".to_owned()]));
    assert!(
        began.elapsed().as_millis() < 2500,
        "when the folder says so"
    );
    watch.abort();
}

/// A discovery that says nothing.
struct Silent;

impl Discovery for Silent {
    fn look(&mut self) -> Option<Groups> {
        None
    }

    fn watch(self: Box<Self>, _: Report) -> Pending<'static, ()> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn what_was_found_is_let_go_when_all_new_ones_have_spoken() {
    let parse = |text: &str| -> crate::config::HttpSdConfig {
        serde_yaml::from_str(text).expect("a valid section")
    };
    let asked = |path: &str| Prepared {
        config: prepare::SourceConfig::Http(Box::new(parse(&format!("url: 'http://a/{path}'")))),
        discovery: Box::new(Silent),
    };
    let ids = std::cell::RefCell::new(Vec::new());
    let report = |id| -> Report {
        ids.borrow_mut().push(id);
        Box::new(|_| Box::pin(async {}))
    };
    let found = |address: &str| Groups {
        groups: vec![TargetGroup {
            addresses: vec![address.to_owned()],
            ..TargetGroup::default()
        }],
        problems: Vec::new(),
    };
    let known = |finder: &Finder| -> Vec<String> {
        let groups = finder.groups();
        groups.flat_map(|group| group.addresses.clone()).collect()
    };
    let mut finder = Finder::new(Seeker::Scraping, "j".to_owned(), context());
    finder.change(vec![asked("1"), asked("2")], report);
    let (first, second) = (ids.borrow()[0], ids.borrow()[1]);
    assert!(finder.take(first, found("a")) && finder.take(second, found("b")));
    // The first stays and is not asked anew; the second makes room for a third.
    finder.change(vec![asked("3"), asked("1")], report);
    assert_eq!(ids.borrow().len(), 3);
    assert_eq!(known(&finder), ["a", "b"]);
    assert!(!finder.take(second, found("c")));
    let third = ids.borrow()[2];
    assert!(finder.take(third, found("d")));
    assert_eq!(known(&finder), ["d", "a"]);
}
