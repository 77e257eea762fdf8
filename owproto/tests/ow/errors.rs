use std::path::Path;

use serde_json::{Value, json};

use super::ow;

#[test]
fn all_codes_are_listed_with_the_texts_of_owserver() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/return_codes.json");
    let codes: Vec<Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let finished = ow(&["--json", "errors"]);
    assert_eq!(finished.status, Some(0));
    let objects: Vec<Value> =
        finished.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(objects.len(), codes.len());
    for (object, code) in objects.iter().zip(&codes) {
        assert_eq!((&object["code"], &object["text"]), (&code["code"], &code["text"]));
    }
    assert_eq!(ow(&["errors"]).stdout.lines().count(), codes.len());
}

#[test]
fn a_code_is_explained_with_and_without_its_sign() {
    let object = json!({
        "code": 21, "name": "EISDIR", "text": "legacy - Is a directory",
        "sentence": "the path is a directory, not a property",
    });
    for code in ["21", "-21"] {
        assert_eq!(ow(&["errors", code, "--json"]).stdout, format!("{object}\n"));
        let line = ow(&["errors", code]).stdout;
        for word in ["21", "EISDIR", "legacy - Is a directory", "the path is a directory"] {
            assert!(line.contains(word), "{line}");
        }
    }
    let object = json!({ "code": 100, "name": null, "text": "Unassigned error 100", "sentence": null });
    assert_eq!(ow(&["--json", "errors", "100"]).stdout, format!("{object}\n"));
}
