//! Comparing what came with what was wanted.
//!
//! A wanted body that is JSON is compared as JSON, where `"<any>"`, `"<string>"`, `"<number>"`, `"<array>"` and `"<object>"`
//! stand for any value of that type, a text may hold `*`, and an object with the key `"..."` may have more keys.
//! A body of lines that begin with `~ ` must contain each of them. Any other body must be equal.

use reqwest::header::HeaderMap;
use serde_json::Value;

type Outcome = Result<(), String>;

pub(crate) fn status(want: u16, got: u16) -> Outcome {
    if want == got {
        Ok(())
    } else {
        Err(format!("status {got}, wanted {want}"))
    }
}

pub(crate) fn headers(want: &[(String, String)], got: &HeaderMap) -> Outcome {
    for (name, pattern) in want {
        let value = got
            .get(name)
            .and_then(|v| v.to_str().ok())
            .unwrap_or("<absent>");
        if !like(pattern, value) {
            return Err(format!("header {name}: {value}, wanted {pattern}"));
        }
    }
    Ok(())
}

pub(crate) fn body(want: &str, got: &[u8]) -> Outcome {
    if want.is_empty() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(got);
    if want.starts_with("~ ") {
        return match want
            .lines()
            .find(|l| !text.contains(l.trim_start_matches("~ ")))
        {
            Some(missing) => Err(format!("the body does not contain: {missing}")),
            None => Ok(()),
        };
    }
    if want.starts_with(['{', '[']) {
        let want =
            serde_json::from_str(want).map_err(|e| format!("the wanted body is no JSON: {e}"))?;
        let got = serde_json::from_slice(got).map_err(|e| format!("the body is no JSON: {e}"))?;
        return json(&want, &got, "$");
    }
    if want == text.trim_end() {
        Ok(())
    } else {
        Err(format!("the body differs, wanted: {want}"))
    }
}

fn json(want: &Value, got: &Value, at: &str) -> Outcome {
    let differs = || Err(format!("at {at}: {got}, wanted {want}"));
    match (want, got) {
        (Value::String(pattern), _) if pattern.starts_with('<') => {
            let fits = match pattern.as_str() {
                "<string>" => got.is_string(),
                "<number>" => got.is_number(),
                "<array>" => got.is_array(),
                "<object>" => got.is_object(),
                _ => pattern == "<any>",
            };
            if fits { Ok(()) } else { differs() }
        }
        (Value::String(want), Value::String(got)) if like(want, got) => Ok(()),
        (Value::Array(want), Value::Array(got)) if want.len() == got.len() => {
            let mut pairs = want.iter().zip(got).enumerate();
            pairs.try_for_each(|(i, (want, got))| json(want, got, &format!("{at}[{i}]")))
        }
        (Value::Object(want), Value::Object(got)) => {
            let open = want.contains_key("...");
            if let Some(extra) = got.keys().find(|k| !open && !want.contains_key(*k)) {
                return Err(format!("at {at}: unexpected key {extra}"));
            }
            let mut entries = want.iter().filter(|(k, _)| *k != "...");
            entries.try_for_each(|(k, v)| {
                json(v, got.get(k).unwrap_or(&Value::Null), &format!("{at}.{k}"))
            })
        }
        _ if want == got => Ok(()),
        _ => differs(),
    }
}

/// Whether `text` fits `pattern`, in which `*` stands for any text.
fn like(pattern: &str, text: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(rest) = text.strip_prefix(head) else {
        return false;
    };
    (0..=rest.len())
        .filter(|at| rest.is_char_boundary(*at))
        .any(|at| like(tail, &rest[at..]))
}
