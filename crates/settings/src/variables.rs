//! Which environment variables a config reads its secrets from.

use toml::de::{DeTable, DeValue};

/// The variables that a config names, in its order, each once: `password = { env = "SYSTEM_A_PASSWORD" }`.
pub fn variables(text: &str) -> Vec<String> {
    let (root, _) = DeTable::parse_recoverable(text);
    let mut found = Vec::new();
    collect(root.get_ref(), &mut found);
    found.sort_unstable();
    let mut names: Vec<String> = Vec::new();
    for (_, name) in found {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Those of a table and of all tables in it, each with where it stands.
fn collect(table: &DeTable<'_>, found: &mut Vec<(usize, String)>) {
    for (key, value) in table {
        match value.get_ref() {
            DeValue::Table(inner) => collect(inner, found),
            DeValue::Array(all) => {
                let tables = all.iter().filter_map(|one| one.get_ref().as_table());
                tables.for_each(|inner| collect(inner, found));
            }
            DeValue::String(name) if key.get_ref() == "env" && table.len() == 1 => {
                found.push((value.span().start, name.to_string()));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_variable_is_named_once_and_in_order() {
        let text = r#"
            [systems.b]
            password = { env = "B" }
            #token = { env = "OFF" }
            headers = { env = "no secret", other = "x" }
            [systems.a]
            password = { env = "A" }
            [database]
            url.env = "B"
            [list]
            of = [{ env = "C" }, "D"]
        "#;
        assert_eq!(variables(text), ["B", "A", "C"]);
        assert_eq!(variables("[web"), Vec::<String>::new());
    }
}
