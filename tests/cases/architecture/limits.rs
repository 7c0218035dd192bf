//! How long a file, a function and its list of arguments may be. Read as text, in the layout of rustfmt.

use std::path::{Path, PathBuf};

use super::{imports, root};

/// Lines of a file below a `src`.
const FILE: usize = 400;
/// Lines of a function, from `fn` to its brace. What only tests use is not counted.
const FUNCTION: usize = 80;
/// Arguments of a function; `self` is not counted.
const ARGUMENTS: usize = 6;

/// All Rust files below the folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder of sources").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push(path);
        }
    }
    found
}

fn is_test(path: &Path) -> bool {
    path.components()
        .any(|part| matches!(part.as_os_str().to_str(), Some("tests" | "tests.rs")))
}

/// What of a source is over a limit, each with its file and line.
fn over(path: &str, text: &str, is_test: bool) -> Vec<String> {
    let mut found = Vec::new();
    let length = text.lines().count();
    if length > FILE {
        found.push(format!("{path}:1: {length} lines, {FILE} at most"));
    }
    // Put together, for this is a source as well.
    let permission = ["clippy::", "too_many_arguments"].concat();
    if let Some((number, _)) = (1..)
        .zip(text.lines())
        .find(|(_, line)| line.contains(&permission))
    {
        found.push(format!("{path}:{number}: {permission} is not allowed anywhere"));
    }
    let code = imports::code_of(text);
    let lines: Vec<&str> = code.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let Some(name) = function(line) else { continue };
        let place = format!("{path}:{}: {name}", at + 1);
        let arguments = arguments(&lines[at..].join("\n"));
        if arguments > ARGUMENTS {
            found.push(format!(
                "{place} takes {arguments} arguments, {ARGUMENTS} at most"
            ));
        }
        let length = span(&lines[at..]);
        if length > FUNCTION && !is_test {
            found.push(format!("{place} has {length} lines, {FUNCTION} at most"));
        }
    }
    found
}

/// The name of the function that begins on this line.
fn function(line: &str) -> Option<&str> {
    let (before, after) = line.trim_start().split_once("fn ")?;
    let is_qualifier = |word: &str| {
        matches!(word, "const" | "async" | "unsafe" | "extern" | "default") || word.starts_with("pub")
    };
    // pub(in crate::a) is two words
    let is_head = before
        .split_whitespace()
        .all(|word| is_qualifier(word) || word.ends_with(')') || word.starts_with('"'));
    let end = after.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    (is_head && end > 0).then(|| &after[..end])
}

/// Lines up to the brace at the indentation of the first; one where there is no body.
fn span(lines: &[&str]) -> usize {
    let first = lines[0];
    let indentation = &first[..first.len() - first.trim_start().len()];
    let rest = lines.iter().skip(1);
    let is_at_edge = |line: &&str| {
        line.strip_prefix(indentation)
            .is_some_and(|rest| rest.starts_with(|c: char| !c.is_whitespace()))
    };
    if first.ends_with(['}', ';']) {
        return 1;
    }
    // The head may be of several lines; `) -> T {`, `where` and `{` are at the same edge as its first.
    let end = rest.clone().position(|line| {
        is_at_edge(line) && (line.trim_start() == "}" || line.ends_with(';') || line.ends_with("{}"))
    });
    end.map_or(lines.len(), |at| at + 2)
}

/// How many arguments the function at the front takes, `self` not among them.
fn arguments(code: &str) -> usize {
    let mut depth = 0_usize;
    let mut angles = 0_usize;
    let mut list = vec![String::new()];
    let mut before = ' ';
    for c in code.chars() {
        match c {
            '<' => angles += 1,
            '>' if before != '-' => angles = angles.saturating_sub(1),
            '(' | '[' | '{' if depth > 0 || angles == 0 => depth += 1,
            ')' | ']' | '}' if depth > 0 => depth -= 1,
            _ => {}
        }
        if depth == 0 && c == ')' && angles == 0 {
            break;
        }
        if depth == 1 && angles == 0 && c == ',' {
            list.push(String::new());
        } else if depth > 0 && !c.is_whitespace() {
            list.last_mut().expect("one at least").push(c);
        }
        before = c;
    }
    let is_argument = |text: &&String| {
        let text = text.trim_start_matches('(');
        let name = text.split(':').next().unwrap_or_default();
        !text.is_empty() && !name.ends_with("self")
    };
    list.iter().filter(is_argument).count()
}

#[test]
fn files_functions_and_lists_of_arguments_are_short() {
    let (mut found, mut read) = (Vec::new(), 0);
    for folder in imports::crates(&root()).values() {
        for path in files(&folder.join("src")) {
            let text = std::fs::read_to_string(&path).expect("a source");
            let name = path
                .strip_prefix(root())
                .expect("below the root")
                .display()
                .to_string();
            found.extend(over(&name, &text, is_test(&path)));
            read += 1;
        }
    }
    assert!(read > 100, "the sources were read: {read}");
    assert!(
        found.is_empty(),
        "{} over a limit:\n{}",
        found.len(),
        found.join("\n")
    );
}

#[test]
fn what_is_over_a_limit_is_found() {
    let file = "//\n".repeat(FILE + 1);
    assert_eq!(over("a.rs", &file, false), ["a.rs:1: 401 lines, 400 at most"]);

    let body = "        work();\n".repeat(FUNCTION - 1);
    let long =
        format!("impl A {{\n    pub async fn run(&self) {{\n{body}    }}\n\n    fn short() {{\n    }}\n}}\n");
    assert_eq!(
        over("a.rs", &long, false),
        ["a.rs:2: run has 81 lines, 80 at most"]
    );
    assert_eq!(over("a.rs", &long, true), Vec::<String>::new());

    let many = "fn seven(\n    a: A,\n    b: (B, B),\n    c: HashMap<C, C>,\n    d: impl Fn(D, D) -> D,\n    e: E,\n    f: F,\n    g: G,\n) {\n}\n\
                fn six<T: Fn(A, B) -> C>(&mut self, a: A, b: B, c: C, d: D, e: E, f: [F; 2]);\n";
    assert_eq!(
        over("a.rs", many, true),
        ["a.rs:1: seven takes 7 arguments, 6 at most"]
    );

    let allowed = ["#[allow(clippy::", "too_many_arguments)]\n"].concat();
    assert_eq!(over("a.rs", &allowed, true).len(), 1);
}
