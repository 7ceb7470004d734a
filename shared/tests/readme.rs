//! The README's table of settings is the programs' own: it is written from their command lines, and
//! this fails when it is not. `UPDATE_README=1 cargo test -p parlor-shared --test readme` writes it.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use clap::Arg;
use parlor_shared::config::{GatewayConfig, HistoryConfig, PresenceConfig, Settings};

const BEGIN: &str = "<!-- settings: written by a test, see shared/tests/readme.rs -->\n";
const END: &str = "<!-- end of settings -->";

struct Row {
    order: usize,
    programs: Vec<&'static str>,
    defaults: Vec<String>,
    help: String,
}

fn collect<T: Settings>(program: &'static str, rows: &mut BTreeMap<String, Row>) {
    for argument in T::command().get_arguments() {
        let Some(variable) = argument.get_env().and_then(|name| name.to_str()) else {
            continue;
        };
        let default = if variable == "ADMIN_ADDRESS" {
            format!("`{}`", T::ADMIN_ADDRESS)
        } else {
            default_of(argument)
        };
        let order = rows.len();
        let row = rows.entry(variable.to_owned()).or_insert_with(|| Row {
            order,
            programs: Vec::new(),
            defaults: Vec::new(),
            help: argument
                .get_help()
                .map(ToString::to_string)
                .unwrap_or_default(),
        });
        row.programs.push(program);
        if !row.defaults.contains(&default) {
            row.defaults.push(default);
        }
    }
}

fn default_of(argument: &Arg) -> String {
    let values: Vec<&str> = argument
        .get_default_values()
        .iter()
        .filter_map(|value| value.to_str())
        .collect();
    match values.join(",") {
        none if none.is_empty() => String::new(),
        default => format!("`{default}`"),
    }
}

fn table() -> String {
    let mut rows = BTreeMap::new();
    collect::<GatewayConfig>("gateway", &mut rows);
    collect::<HistoryConfig>("history", &mut rows);
    collect::<PresenceConfig>("presence", &mut rows);
    let mut rows: Vec<(String, Row)> = rows.into_iter().collect();
    rows.sort_by_key(|(_, row)| row.order);
    let mut table = "| variable | default | of | |\n|---|---|---|---|\n".to_owned();
    for (variable, row) in rows {
        let of = if row.programs.len() == 3 {
            "all".to_owned()
        } else {
            row.programs.join(", ")
        };
        let (defaults, help) = (row.defaults.join(" "), row.help.replace('|', "or"));
        let _ = writeln!(table, "| `{variable}` | {defaults} | {of} | {help} |");
    }
    table
}

#[test]
fn the_readme_lists_every_setting_as_it_is() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = fs::read_to_string(&path).expect("a README");
    let begin = readme.find(BEGIN).expect("the table's beginning") + BEGIN.len();
    let end = readme.find(END).expect("the table's end");
    let expected = table();
    if std::env::var_os("UPDATE_README").is_some() {
        let updated = format!("{}{expected}{}", &readme[..begin], &readme[end..]);
        fs::write(&path, updated).expect("the README can be written");
    } else {
        assert_eq!(&readme[begin..end], expected, "run it with UPDATE_README=1");
    }
}
