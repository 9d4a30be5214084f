//! Trees printed back, and mistakes in their exact words.

use super::*;

fn read(text: &str) -> Result<Trees, String> {
    parse("t", text, &|name| ["f", "print"].contains(&name))
}

#[test]
fn trees_print_as_they_were_read() {
    for text in [
        "a{{.B.C}}",
        "{{$x := 1 | f | print .A}}{{$x = 2}}{{$x.Y}}",
        "{{if f 1 \"b\"}}x{{else}}y{{end}}",
        "{{range $i, $e := .}}{{$i}}{{break}}{{end}}",
        "{{with (f 1).X}}{{.}}{{end}}",
        "{{template \"u\" .}}",
    ] {
        let trees = read(text).expect(text);
        let shown: String = trees["t"].iter().map(ToString::to_string).collect();
        assert_eq!(shown, text);
    }
    let chained = read("{{if f}}a{{else if f 1}}b{{else}}c{{end}}").expect("valid");
    let want = "{{if f}}a{{else}}{{if f 1}}b{{else}}c{{end}}{{end}}";
    assert_eq!(chained["t"][0].to_string(), want);
    let defined = read("{{define \"u\"}}x{{end}}y{{block \"v\" .}}z{{end}}").expect("valid");
    assert_eq!(defined.keys().collect::<Vec<_>>(), ["t", "u", "v"]);
}

#[test]
fn mistakes() {
    for (text, message) in [
        ("{{if}}", "template: t:1: missing value for if"),
        ("{{if f}}", "template: t:1: unexpected EOF"),
        ("\n{{end}}", "template: t:2: unexpected {{end}}"),
        ("{{else}}", "template: t:1: unexpected {{else}}"),
        ("{{g}}", "template: t:1: function \"g\" not defined"),
        ("{{$y}}", "template: t:1: undefined variable \"$y\""),
        (
            "{{1 | 2}}",
            "template: t:1: non executable command in pipeline stage 2",
        ),
        ("{{break}}", "template: t:1: {{break}} outside {{range}}"),
        (
            "{{define x}}",
            "template: t:1: unexpected \"x\" in define clause",
        ),
        ("{{f\n", "template: t:2: unclosed action started at t:1"),
        ("{{\"a}}", "template: t:1: unterminated quoted string"),
        ("{{1.a}}", "template: t:1: bad number syntax: \"1.a\""),
        (
            "{{nil.A}}",
            "template: t:1: unexpected . after term \"nil\"",
        ),
        (
            "{{if f}}{{else}}{{else}}{{end}}",
            "template: t:1: expected end; found {{else}}",
        ),
        (
            "{{$a, $b := f}}",
            "template: t:1: too many declarations in command",
        ),
        (
            "{{template}}",
            "template: t:1: unexpected \"}}\" in template clause",
        ),
        (
            "{{define \"a\"}}x{{end}}{{define \"a\"}}y{{end}}",
            "template: t:1: template: multiple definition of template \"a\"",
        ),
    ] {
        assert_eq!(read(text).err().as_deref(), Some(message), "{text}");
    }
    let deep = format!("{{{{{}1{}}}}}", "(".repeat(99_999), ")".repeat(99_999));
    assert!(read(&deep).is_err_and(|e| e.ends_with("max expression depth exceeded")));
}
