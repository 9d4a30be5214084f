//! Every example of the documentation is a spec.

use narthex_slo::{Options, Text, parse};

#[test]
fn examples() {
    let page = include_str!("../../docs/slo/specs.md");
    let examples: Vec<_> = page.split("```yaml\n").skip(1).collect();
    assert_eq!(examples.len(), 3);
    for example in examples {
        let (text, _) = example.split_once("```").expect("an end");
        let text = Text { file: "docs", text };
        let specs = parse(&[text], &Options::default());
        let specs = specs.unwrap_or_else(|errors| panic!("{errors:#?}\n{}", text.text));
        assert!(specs.notes.is_empty(), "{:?}", specs.notes);
    }
}
