//! The `AsyncAPI` document of the WebSocket protocol, `asyncapi.json`, is written from what there is:
//! the golden frames are its examples and give each field its type, the decoders tell by trial which
//! fields a frame can do without, and the variants' own comments say what it is for.
//! `UPDATE_ASYNCAPI=1 cargo test -p parlor-shared --test asyncapi` writes it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use parlor_shared::protocol::{ClientEnvelope, CloseCode, ErrorCode, ServerEnvelope, ServerFrame};
use parlor_testkit::schema;
use serde_json::{Map, Value, json};

/// Objects that stand in many frames: their name, and the fields that they are known by.
const SHARED: &[(&str, &[&str])] = &[
    // A quote of one has no time.
    ("Message", &["SenderUUID", "Sender", "Message", "CreatedAt"]),
    ("User", &["UUID", "Username"]),
    ("Error", &["code", "reason", "error"]),
];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A way that frames go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Client,
    Server,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }

    /// What a frame is called, if it is one.
    fn kind(self, frame: &Value) -> Option<String> {
        match self {
            Self::Client => {
                let envelope = ClientEnvelope::decode(&frame.to_string()).ok()?;
                Some(envelope.frame.kind().to_owned())
            }
            Self::Server => {
                let envelope: ServerEnvelope = serde_json::from_value(frame.clone()).ok()?;
                Some(match &envelope.frame {
                    ServerFrame::Sys(sys) => format!("sys.{}", sys.kind()),
                    frame => frame.kind().to_owned(),
                })
            }
        }
    }

    /// The golden frames by their kind, each with its file's name.
    fn fixtures(self) -> BTreeMap<String, Vec<(String, Value)>> {
        let folder = folder().join("fixtures").join(self.name());
        let mut files: Vec<PathBuf> = fs::read_dir(folder)
            .expect("the folder of fixtures")
            .map(|entry| entry.expect("a file").path())
            .collect();
        files.sort();
        let mut found: BTreeMap<String, Vec<(String, Value)>> = BTreeMap::new();
        for path in files {
            let text = fs::read_to_string(&path).expect("a text");
            let frame: Value = serde_json::from_str(&text).expect("JSON");
            let kind = self.kind(&frame);
            let kind = kind.unwrap_or_else(|| panic!("{} can't be read", path.display()));
            let name = path.file_stem().expect("a name").to_string_lossy();
            found
                .entry(kind)
                .or_default()
                .push((name.into_owned(), frame));
        }
        found
    }

    /// Every variant there is, with what its comment says.
    fn variants(self) -> BTreeMap<String, String> {
        let mut all = match self {
            Self::Client => variants("client.rs", "pub enum ClientFrame {", ""),
            Self::Server => variants("server.rs", "pub enum ServerFrame {", ""),
        };
        for family in FAMILIES.iter().filter(|family| family.way == self) {
            all.remove(family.variant);
            all.extend(variants(family.file, family.head, family.prefix));
        }
        all
    }
}

/// A variant that stands for variants of its own.
struct Family {
    way: Way,
    variant: &'static str,
    file: &'static str,
    /// The line behind which they stand.
    head: &'static str,
    prefix: &'static str,
}

const FAMILIES: &[Family] = &[
    Family {
        way: Way::Server,
        variant: "sys",
        file: "server.rs",
        head: "pub enum Sys {",
        prefix: "sys.",
    },
    Family {
        way: Way::Client,
        variant: "moderation",
        file: "moderation.rs",
        head: "requests! {",
        prefix: "",
    },
];

/// The variants behind a line as they are called on the wire, with their comments.
fn variants(file: &str, head: &str, prefix: &str) -> BTreeMap<String, String> {
    let path = folder().join("src/protocol").join(file);
    let text = fs::read_to_string(path).expect("the source");
    let head = format!("\n{head}\n");
    let from = text
        .find(&head)
        .unwrap_or_else(|| panic!("no line {head} in {file}"));
    let (mut found, mut comment) = (BTreeMap::new(), String::new());
    for line in text[from + head.len()..]
        .lines()
        .take_while(|line| *line != "}")
    {
        // Only what stands in the enum itself, not in a variant's own fields.
        let Some(line) = line
            .strip_prefix("    ")
            .filter(|line| !line.starts_with(' '))
        else {
            continue;
        };
        if let Some(part) = line.strip_prefix("/// ") {
            if !comment.is_empty() {
                comment.push(' ');
            }
            comment.push_str(part.trim());
        } else if line.starts_with(char::is_uppercase) {
            let end = line
                .find(|c: char| !c.is_alphanumeric())
                .unwrap_or(line.len());
            let kind = format!("{prefix}{}{}", line[..1].to_lowercase(), &line[1..end]);
            assert!(
                !comment.is_empty(),
                "{} in {file} needs a comment",
                &line[..end]
            );
            found.insert(kind, std::mem::take(&mut comment));
        }
    }
    found
}

/// What is known of a value's form.
#[derive(Clone, Default)]
struct Form {
    types: BTreeSet<&'static str>,
    /// `None` when values differ in it.
    format: Option<&'static str>,
    constant: Option<Value>,
    fields: BTreeMap<String, Form>,
    /// The sets of fields without which such values were not read.
    needed: BTreeSet<BTreeSet<String>>,
    items: Option<Box<Form>>,
    shared: Option<&'static str>,
}

/// What is learned while frames are looked at.
struct Learned<'a> {
    way: Way,
    frame: &'a Value,
    kind: &'a str,
    shared: &'a mut BTreeMap<&'static str, Form>,
}

impl Learned<'_> {
    /// Whether the frame is still read as what it is without what `pointer` points to.
    fn is_optional(&self, pointer: &str) -> bool {
        let mut frame = self.frame.clone();
        let (parent, field) = pointer.rsplit_once('/').expect("a field");
        let parent = frame.pointer_mut(parent).expect("is there");
        let field = field.replace("~1", "/").replace("~0", "~");
        parent.as_object_mut().expect("an object").remove(&field);
        self.way.kind(&frame).as_deref() == Some(self.kind)
    }

    fn form(&mut self, value: &Value, at: &str) -> Form {
        let mut form = Form::default();
        match value {
            Value::Null => _ = form.types.insert("null"),
            Value::Bool(_) => _ = form.types.insert("boolean"),
            Value::Number(number) if number.is_f64() => _ = form.types.insert("number"),
            Value::Number(_) => _ = form.types.insert("integer"),
            Value::String(text) => {
                form.types.insert("string");
                let fits = |format: &str| {
                    schema::violations(&Value::Null, &json!({ "format": format }), value).is_empty()
                };
                form.format = ["uuid", "date-time"].into_iter().find(|it| fits(it));
                if matches!(at, "/type" | "/sys/type") {
                    form.constant = Some(text.as_str().into());
                }
            }
            Value::Array(items) => {
                form.types.insert("array");
                let mut all: Option<Form> = None;
                for (index, item) in items.iter().enumerate() {
                    let item = self.form(item, &format!("{at}/{index}"));
                    all = Some(all.map_or_else(|| item.clone(), |all| all.merged(item.clone())));
                }
                form.items = all.map(Box::new);
            }
            Value::Object(fields) => {
                form.types.insert("object");
                let mut needed = BTreeSet::new();
                for (name, field) in fields {
                    let pointer = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                    if at.is_empty() && name == "id" {
                        continue;
                    }
                    form.fields.insert(name.clone(), self.form(field, &pointer));
                    if !self.is_optional(&pointer) {
                        needed.insert(name.clone());
                    }
                }
                form.needed.insert(needed);
                let known = |keys: &[&str]| keys.iter().all(|key| fields.contains_key(*key));
                if let Some((name, _)) = SHARED.iter().find(|(_, keys)| known(keys)) {
                    let before = self.shared.remove(name);
                    let merged = before.map_or(form.clone(), |before| before.merged(form));
                    self.shared.insert(name, merged);
                    form = Form {
                        shared: Some(name),
                        ..Form::default()
                    };
                }
            }
        }
        form
    }
}

impl Form {
    fn merged(mut self, other: Self) -> Self {
        assert_eq!(
            self.shared, other.shared,
            "one field holds two kinds of objects"
        );
        self.types.extend(other.types);
        self.format = self.format.filter(|format| other.format == Some(format));
        self.constant = self
            .constant
            .filter(|it| other.constant.as_ref() == Some(it));
        for (name, form) in other.fields {
            let merged = match self.fields.remove(&name) {
                Some(before) => before.merged(form),
                None => form,
            };
            self.fields.insert(name, merged);
        }
        self.needed.extend(other.needed);
        self.items = match (self.items, other.items) {
            (Some(one), Some(other)) => Some(Box::new(one.merged(*other))),
            (one, other) => one.or(other),
        };
        self
    }

    fn schema(&self) -> Value {
        if let Some(name) = self.shared {
            return json!({ "$ref": format!("#/components/schemas/{name}") });
        }
        let mut schema = Map::new();
        let types: Vec<_> = self.types.iter().copied().collect();
        let types = if types.len() == 1 {
            json!(types[0])
        } else {
            json!(types)
        };
        schema.insert("type".into(), types);
        if let Some(format) = self.format {
            schema.insert("format".into(), format.into());
        }
        if let Some(constant) = &self.constant {
            schema.insert("const".into(), constant.clone());
        }
        if let Some(items) = &self.items {
            schema.insert("items".into(), items.schema());
        }
        if !self.fields.is_empty() {
            let fields = self.fields.iter();
            let fields: Map<_, _> = fields
                .map(|(name, form)| (name.clone(), form.schema()))
                .collect();
            schema.insert("properties".into(), fields.into());
        }
        let always = self
            .needed
            .iter()
            .cloned()
            .reduce(|one, other| &one & &other);
        let always = always.unwrap_or_default();
        if !always.is_empty() {
            schema.insert("required".into(), json!(always));
        }
        // Frames of one type that need different fields: one set of them has to be there.
        let others: BTreeSet<_> = self.needed.iter().map(|set| set - &always).collect();
        if others.len() > 1 && others.iter().all(|set| !set.is_empty()) {
            let others: Vec<_> = others
                .iter()
                .map(|set| json!({ "required": set }))
                .collect();
            schema.insert("anyOf".into(), others.into());
        }
        schema.into()
    }
}

/// The messages of one way, by their name in the document.
fn messages(way: Way, shared: &mut BTreeMap<&'static str, Form>) -> Map<String, Value> {
    let (fixtures, variants) = (way.fixtures(), way.variants());
    for kind in variants.keys() {
        assert!(
            fixtures.contains_key(kind),
            "{kind} has no golden frame: add one to shared/fixtures/{}; or, if it stands for \
             variants of its own, add it to FAMILIES here",
            way.name()
        );
    }
    let mut messages = Map::new();
    for (kind, frames) in fixtures {
        let says = variants.get(&kind);
        let says = says.unwrap_or_else(|| panic!("{kind} is named otherwise than its variant"));
        let mut form: Option<Form> = None;
        for (_, frame) in &frames {
            let mut learned = Learned {
                way,
                frame,
                kind: &kind,
                shared: &mut *shared,
            };
            let own = learned.form(frame, "");
            form = Some(form.map_or_else(|| own.clone(), |form| form.merged(own.clone())));
        }
        let mut payload = form.expect("a frame").schema();
        payload["properties"]["id"] = json!({
            "type": ["string", "integer"],
            "description": match way {
                Way::Client => "Of the client's choice; what answers the frame repeats it.",
                Way::Server => "That of the request that is answered.",
            },
        });
        let examples: Vec<_> = frames
            .into_iter()
            .map(|(name, payload)| json!({ "name": name, "payload": payload }))
            .collect();
        let message = json!({
            "name": kind, "summary": says, "payload": payload, "examples": examples,
        });
        messages.insert(format!("{}.{kind}", way.name()), message);
    }
    messages
}

fn document() -> Value {
    let mut shared = BTreeMap::new();
    let requests = messages(Way::Client, &mut shared);
    let frames = messages(Way::Server, &mut shared);
    let of_channel = |messages: &Map<String, Value>| -> Vec<Value> {
        let names = messages.keys();
        names
            .map(|name| json!({ "$ref": format!("#/channels/socket/messages/{name}") }))
            .collect()
    };
    let (receive, send) = (of_channel(&requests), of_channel(&frames));
    let names: Vec<String> = requests.keys().chain(frames.keys()).cloned().collect();
    let in_channel: Map<_, _> = names
        .into_iter()
        .map(|name| {
            let target = json!({ "$ref": format!("#/components/messages/{name}") });
            (name, target)
        })
        .collect();
    let schemas: Map<_, _> = shared
        .iter()
        .map(|(name, form)| ((*name).to_owned(), form.schema()))
        .collect();
    let codes: Vec<_> = ErrorCode::ALL
        .iter()
        .map(|code| {
            json!({ "code": code.number(), "reason": code.reason(), "retryable": code.retryable() })
        })
        .collect();
    let closes: Vec<_> = CloseCode::ALL
        .iter()
        .map(|code| json!({ "code": code.code(), "reason": code.reason() }))
        .collect();
    let mut all = requests;
    all.extend(frames);
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Parlor's WebSocket protocol",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Written by a test from the golden frames; PROTOCOL.md tells the rules.",
        },
        "defaultContentType": "application/json",
        "channels": { "socket": {
            "address": "/ws",
            "description": "A WebSocket; each text frame is one message.",
            "messages": in_channel,
        } },
        "operations": {
            "receive": {
                "action": "receive",
                "summary": "What clients send.",
                "channel": { "$ref": "#/channels/socket" },
                "messages": receive,
            },
            "send": {
                "action": "send",
                "summary": "What the server sends.",
                "channel": { "$ref": "#/channels/socket" },
                "messages": send,
            },
        },
        "components": { "messages": all, "schemas": schemas },
        "x-error-codes": codes,
        "x-close-codes": closes,
    })
}

fn stored() -> PathBuf {
    folder().join("asyncapi.json")
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap_or_default()).unwrap_or_default()
}

#[test]
fn the_document_is_what_the_protocol_is() {
    let document = document();
    if std::env::var_os("UPDATE_ASYNCAPI").is_some() {
        let text = serde_json::to_string_pretty(&document).expect("JSON") + "\n";
        fs::write(stored(), text).expect("is written");
    }
    assert!(
        read(&stored()) == document,
        "shared/asyncapi.json is not up to date: run this test with UPDATE_ASYNCAPI=1"
    );
}

#[test]
fn each_golden_frame_is_as_its_message_says_and_as_no_other() {
    let document = document();
    let messages = document["components"]["messages"]
        .as_object()
        .expect("messages");
    for way in [Way::Client, Way::Server] {
        for (kind, frames) in way.fixtures() {
            let name = format!("{}.{kind}", way.name());
            for (file, frame) in frames {
                for (other, message) in messages {
                    let wrong = schema::violations(&document, &message["payload"], &frame);
                    if *other == name {
                        assert!(wrong.is_empty(), "{file} is not as {name} says: {wrong:?}");
                    } else if other.starts_with(way.name()) {
                        assert!(!wrong.is_empty(), "{file} passes for {other}");
                    }
                }
            }
        }
    }
}

#[test]
fn what_the_decoders_refuse_the_document_refuses() {
    let document = document();
    let refused = |message: &str, frame: Value| {
        let payload = &document["components"]["messages"][message]["payload"];
        !schema::violations(&document, payload, &frame).is_empty()
    };
    for frame in [
        json!({"type": "signIn", "signIn": {}}),
        json!({"type": "signIn", "signIn": {"username": "ann"}}),
        json!({"type": "signIn"}),
        json!({"type": "signIn", "signIn": {"nickname": 7}}),
    ] {
        assert_eq!(Way::Client.kind(&frame), None, "{frame}");
        assert!(refused("client.signIn", frame));
    }
    let token = json!({"type": "signIn", "signIn": {"token": "t"}});
    assert!(!refused("client.signIn", token));
    assert!(refused("server.pong", json!({"type": "pong", "pong": {}})));
}
