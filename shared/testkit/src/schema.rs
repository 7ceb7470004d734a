//! JSON Schema, as far as Parlor's documents use it: a keyword that is not known here panics rather
//! than pass for one that holds.

use serde_json::{Map, Value};

/// What is wrong with a value, each with the place where; nothing if it is as the schema says.
/// `document` is what `$ref` points into.
pub fn violations(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(document, schema, value, "", &mut found);
    found
}

/// Keywords that say nothing about a value.
const SILENT: &[&str] = &["description", "title", "examples", "default"];

fn check(document: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let schema = match schema {
        Value::Bool(true) => return,
        Value::Bool(false) => {
            found.push(format!("{at}: nothing may be here"));
            return;
        }
        Value::Object(schema) => schema,
        other => panic!("{other} is no schema"),
    };
    for (keyword, rule) in schema {
        let is_wrong = match keyword.as_str() {
            "$ref" => {
                let pointer = rule.as_str().and_then(|it| it.strip_prefix('#'));
                let target = pointer.and_then(|pointer| document.pointer(pointer));
                let target = target.unwrap_or_else(|| panic!("{rule} points nowhere"));
                check(document, target, value, at, found);
                false
            }
            "type" => !types(rule).iter().any(|kind| is_of(value, kind)),
            "enum" => !list(rule).contains(value),
            "const" => rule != value,
            "format" => value.as_str().is_some_and(|text| !has_format(text, rule)),
            "minimum" => value.as_f64() < rule.as_f64() && value.is_number(),
            "minLength" => length(value).is_some_and(|length| length < number(rule)),
            "maxLength" => length(value).is_some_and(|length| length > number(rule)),
            "required" => {
                for name in list(rule).iter().filter_map(Value::as_str) {
                    if value.is_object() && value.get(name).is_none() {
                        found.push(format!("{at}/{name}: is missing"));
                    }
                }
                false
            }
            "properties" | "additionalProperties" => {
                if keyword == "properties" || !schema.contains_key("properties") {
                    properties(document, schema, value, at, found);
                }
                false
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(document, rule, item, &format!("{at}/{index}"), found);
                }
                false
            }
            "oneOf" => matching(document, rule, value) != 1,
            "anyOf" => matching(document, rule, value) == 0,
            keyword if SILENT.contains(&keyword) => false,
            other => panic!("the keyword {other} is not known here"),
        };
        if is_wrong {
            found.push(format!("{at}: {value} breaks {keyword} {rule}"));
        }
    }
}

fn properties(
    document: &Value,
    schema: &Map<String, Value>,
    value: &Value,
    at: &str,
    found: &mut Vec<String>,
) {
    let known = schema.get("properties");
    let others = schema.get("additionalProperties");
    for (name, field) in value.as_object().into_iter().flatten() {
        let rule = known.and_then(|known| known.get(name)).or(others);
        if let Some(rule) = rule {
            check(document, rule, field, &format!("{at}/{name}"), found);
        }
    }
}

fn matching(document: &Value, rules: &Value, value: &Value) -> usize {
    let fits = |rule: &&Value| violations(document, rule, value).is_empty();
    list(rules).iter().filter(fits).count()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list").as_slice()
}

fn number(value: &Value) -> usize {
    value.as_u64().expect("a whole number") as usize
}

fn length(value: &Value) -> Option<usize> {
    value.as_str().map(|text| text.chars().count())
}

fn types(rule: &Value) -> Vec<&str> {
    match rule {
        Value::String(one) => vec![one],
        several => list(several).iter().filter_map(Value::as_str).collect(),
    }
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the type {other} is not known here"),
    }
}

fn has_format(text: &str, format: &Value) -> bool {
    let has_shape = |shape: &str| {
        text.len() == shape.len()
            && text
                .chars()
                .zip(shape.chars())
                .all(|(it, wanted)| match wanted {
                    'x' => it.is_ascii_hexdigit(),
                    '0' => it.is_ascii_digit(),
                    other => it == other,
                })
    };
    match format.as_str() {
        Some("uuid") => has_shape("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"),
        Some("date-time") => {
            has_shape("0000-00-00T00:00:00.000Z") || has_shape("0000-00-00T00:00:00Z")
        }
        _ => panic!("the format {format} is not known here"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_wrong_is_found_and_what_is_right_is_not() {
        let document = json!({"schemas": {"User": {
            "type": "object",
            "properties": {
                "UUID": {"type": "string", "format": "uuid"},
                "tags": {"type": "array", "items": {"type": "string", "maxLength": 3}},
                "age": {"type": ["integer", "null"], "minimum": 0},
            },
            "required": ["UUID"],
            "additionalProperties": false,
            "oneOf": [{"required": ["tags"]}, {"required": ["age"]}],
        }}});
        let user = json!({"$ref": "#/schemas/User"});
        let uuid = "6f0b1d2c-0000-4000-8000-000000000001";
        let wrong = |value: Value| violations(&document, &user, &value).len();
        assert_eq!(wrong(json!({"UUID": uuid, "tags": ["abc"]})), 0);
        assert_eq!(wrong(json!({"UUID": uuid, "age": null})), 0);
        for bad in [
            json!({"UUID": "x", "age": 1}),
            json!({"age": 1}),
            json!({"UUID": uuid, "age": -1}),
            json!({"UUID": uuid, "age": 1.5}),
            json!({"UUID": uuid, "tags": ["abcd"]}),
            json!({"UUID": uuid, "tags": [], "age": 1}),
            json!({"UUID": uuid, "age": 1, "more": 1}),
            json!([]),
        ] {
            assert!(wrong(bad.clone()) > 0, "{bad}");
        }
    }

    #[test]
    #[should_panic(expected = "is not known here")]
    fn an_unknown_keyword_is_no_rule_that_holds() {
        violations(&Value::Null, &json!({"pattern": "x"}), &json!("y"));
    }
}
