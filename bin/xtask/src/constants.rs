//! `cargo xtask constants`: documents each constant of path estimation and of sending: its value,
//! its reason, and its effect. It builds a copy of the workspace with one constant after the other
//! halved and doubled, and runs the example `link` of transom-proto with each.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Context, Failure, Outcome};
use crate::workspace::{cargo, root, target};

/// Runs differ by chance: cells within this count as equal.
const NEAR_PERCENT: f64 = 4.0;

/// Folders and files of transom-proto whose constants are varied.
const SOURCES: [&str; 3] = ["path", "send", "config.rs"];

/// Constants that are not varied: sizes that the wire format defines, and values derived from
/// another constant.
const GIVEN: [&str; 3] = ["ACK_BYTES", "HISTORY", "LEAST_RECORD"];

/// The files and folders of the workspace that cargo needs.
const COPIED: [&str; 7] = [
    "Cargo.toml",
    "Cargo.lock",
    "bin",
    "lib",
    "tests",
    "users",
    "clippy.toml",
];

pub(crate) fn run(arguments: &[&str]) -> Outcome {
    if let Some(option) = arguments.iter().find(|word| word.starts_with('-')) {
        let text = format!("{option}: not known (constants takes names of constants)");
        return Err(Failure::usage(text));
    }
    let copy = Copy::new()?;
    let mut constants = constants(&copy.root)?;
    if !arguments.is_empty() {
        constants.retain(|constant| arguments.contains(&constant.name.as_str()));
    }
    if constants.is_empty() {
        let text = format!("{}: no such constant", arguments.join(", "));
        return Err(Failure::usage(text));
    }
    let today = copy.rows()?;
    let mut tables = Tables::new(&today);
    for constant in &constants {
        let mut changed = Vec::new();
        for (label, factor) in [("half", "/ 2"), ("double", "* 2")] {
            fs::write(&constant.path, constant.scaled(factor)).context(&constant.name)?;
            let rows = copy.rows();
            fs::write(&constant.path, &constant.source).context(&constant.name)?;
            eprintln!("{} {label}: {rows:?}", constant.label());
            changed.push(tables.add(constant.label(), label, rows));
        }
        tables.describe(constant, &changed);
    }
    tables.print();
    Ok(())
}

/// All constants that are varied, of the workspace in that folder.
fn constants(root: &Path) -> Outcome<Vec<Constant>> {
    let proto = root.join("lib/proto/src");
    let mut constants = Vec::new();
    for source in SOURCES {
        let path = proto.join(source);
        let mut files = match path.is_dir() {
            true => entries(&path).context(source)?,
            false => vec![path],
        };
        files.sort();
        for file in files {
            constants.extend(Constant::all(&file)?);
        }
    }
    Ok(constants)
}

/// A copy of the workspace's sources with a target folder of its own.
struct Copy {
    root: PathBuf,
    target: PathBuf,
}

/// A constant of a file.
struct Constant {
    path: PathBuf,
    /// The text of the file, and the line of the constant, from 0.
    source: String,
    line: usize,
    module: String,
    name: String,
}

/// Cells by table number and row name, in the order of the example's output.
type Rows = Vec<((u32, String), String)>;

impl Copy {
    fn new() -> Outcome<Self> {
        let dir = target().join("constants");
        let copy = Self {
            root: dir.join("tree"),
            target: dir.join("target"),
        };
        fs::create_dir_all(&copy.root).context(copy.root.display())?;
        for name in COPIED {
            copy_tree(&root().join(name), &copy.root.join(name)).context(name)?;
        }
        Ok(copy)
    }

    /// Builds the copy and runs all rows of the tables.
    fn rows(&self) -> Outcome<Rows> {
        let build = "run --offline --quiet --release -p transom-proto --features sim";
        let mut command = cargo(build.split(' '));
        command
            .args(["--example", "link", "--", "table"])
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target)
            // Changing a constant rebuilds only a small part of the crate.
            .env("CARGO_INCREMENTAL", "1");
        rows(&output(&mut command)?)
    }
}

impl Constant {
    fn all(path: &Path) -> Outcome<Vec<Self>> {
        let source = fs::read_to_string(path).context(path.display())?;
        let module = path.file_stem().unwrap_or_default().to_string_lossy();
        let folder = path.parent().and_then(Path::file_name).unwrap_or_default();
        let module = match &*module {
            "mod" => folder.to_string_lossy(),
            _ => module,
        };
        let lines = source.lines().enumerate();
        let found = lines.filter_map(|(line, text)| Some((line, declared(text)?)));
        let constants = found.map(|(line, name)| Self {
            path: path.to_owned(),
            source: source.clone(),
            line,
            module: module.clone().into_owned(),
            name: name.to_owned(),
        });
        // Files and modules of tests are left out.
        let is_test = matches!(&*module, "tests" | "rows");
        Ok(constants.filter(|_| !is_test).collect())
    }

    fn label(&self) -> String {
        format!("`{}::{}`", self.module, self.name)
    }

    /// The value as written in the source.
    fn value(&self) -> &str {
        let line = self.source.lines().nth(self.line).unwrap_or_default();
        let value = line.split_once(" = ").map_or("", |(_, value)| value);
        value.trim_end_matches(';')
    }

    /// The doc comment above the constant as one line, without the links of rustdoc.
    fn reason(&self) -> String {
        let before: Vec<_> = self.source.lines().take(self.line).collect();
        let lines = before.iter().rev();
        let lines = lines.map_while(|line| line.strip_prefix("///"));
        let mut lines: Vec<_> = lines.map(str::trim).collect();
        lines.reverse();
        let mut reason = String::new();
        let text = lines.join(" ");
        let mut parts = text.split("[`");
        reason += parts.next().unwrap_or_default();
        for part in parts {
            let (name, rest) = part.split_once("`]").unwrap_or((part, ""));
            let target = rest.strip_prefix('(').and_then(|rest| rest.split_once(')'));
            reason += &format!("`{name}`{}", target.map_or(rest, |(_, rest)| rest));
        }
        reason
    }

    /// The file's text with the constant halved or doubled.
    fn scaled(&self, factor: &str) -> String {
        let lines = self.source.lines().enumerate();
        let lines = lines.map(|(at, text)| match text.split_once(" = ") {
            Some((declaration, value)) if at == self.line => {
                let value = value.trim_end_matches(';');
                // `Duration` has no constant division operator.
                match declaration.ends_with("Duration") {
                    true => format!(
                        "{declaration} = Duration::from_nanos(({value}).as_nanos() as u64 {factor});"
                    ),
                    false => format!("{declaration} = ({value}) {factor};"),
                }
            }
            _ => text.to_owned(),
        });
        lines.map(|line| line + "\n").collect()
    }
}

/// The name of the constant that a line declares at the outermost level, if it is varied.
fn declared(line: &str) -> Option<&str> {
    let public = line
        .strip_prefix("pub(crate) ")
        .or(line.strip_prefix("pub(super) "));
    let rest = public.unwrap_or(line).strip_prefix("const ")?;
    let (name, rest) = rest.split_once(": ")?;
    let (kind, _) = rest.split_once(" = ")?;
    let is_number = matches!(kind, "Duration" | "u8" | "u32" | "u64" | "usize");
    (is_number && rest.ends_with(';') && !GIVEN.contains(&name)).then_some(name)
}

/// Parses the example's output: each line has table, row and cell, separated by bars.
fn rows(text: &str) -> Outcome<Rows> {
    let row = |line: &str| {
        let mut parts = line.splitn(3, '|').map(str::trim);
        let number = parts.next()?.parse().ok()?;
        Some(((number, parts.next()?.to_owned()), parts.next()?.to_owned()))
    };
    let rows: Option<Rows> = text.lines().map(row).collect();
    rows.ok_or_else(|| Failure::new(format!("link table: unexpected output:\n{text}")))
}

/// Whether no number of a cell differs by more than [`NEAR_PERCENT`].
fn is_near(before: &str, now: &str) -> bool {
    let numbers = |cell: &str| -> Vec<f64> {
        let words = cell.split([' ', ',', '/']);
        words.filter_map(|word| word.parse().ok()).collect()
    };
    let (before, now) = (numbers(before), numbers(now));
    let is_near =
        |(before, now): (&f64, &f64)| (now - before).abs() * 100.0 <= before * NEAR_PERCENT;
    before.len() == now.len() && before.iter().zip(&now).all(is_near)
}

fn title(table: u32) -> &'static str {
    match table {
        1 => "files to other peers",
        2 => "a file",
        _ => "sound, pictures and a file",
    }
}

fn output(command: &mut Command) -> Outcome<String> {
    let output = command.output().context("cargo")?;
    let error = String::from_utf8_lossy(&output.stderr);
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(Failure::new(error)),
    }
}

/// Markdown tables; each lists the variants that change one of its cells.
struct Tables<'a> {
    today: &'a Rows,
    /// The lines of the table of constants.
    constants: Vec<String>,
    /// Lines by table.
    lines: BTreeMap<u32, Vec<String>>,
    /// Variants without effect, and variants that fail to run.
    same: Vec<String>,
    failed: Vec<String>,
}

impl<'a> Tables<'a> {
    fn new(today: &'a Rows) -> Self {
        let numbers = today.iter().map(|((number, _), _)| *number);
        Self {
            today,
            constants: Vec::new(),
            lines: numbers.map(|number| (number, Vec::new())).collect(),
            same: Vec::new(),
            failed: Vec::new(),
        }
    }

    /// Adds the lines of a variant. Returns how many cells differ, if it ran.
    fn add(&mut self, constant: String, label: &str, rows: Outcome<Rows>) -> Option<usize> {
        let Ok(rows) = rows else {
            self.failed.push(format!("{constant} {label}"));
            return None;
        };
        let mut changed = 0;
        for (number, lines) in &mut self.lines {
            let pairs = self.today.iter().zip(&rows);
            let pairs = pairs.filter(|(((table, _), _), _)| table == number);
            let cells = pairs.map(|((_, before), (_, now))| match is_near(before, now) {
                true => "=",
                false => now,
            });
            let cells: Vec<_> = cells.collect();
            let differ = cells.iter().filter(|cell| **cell != "=").count();
            changed += differ;
            if differ > 0 {
                lines.push(format!("| {constant} | {label} | {} |", cells.join(" | ")));
            }
        }
        if changed == 0 {
            self.same.push(format!("{constant} {label}"));
        }
        Some(changed)
    }

    /// Adds a constant to the first table; `changed`: the cells that differ at half and at double.
    fn describe(&mut self, constant: &Constant, changed: &[Option<usize>]) {
        let changed = changed.iter().map(|cells| match cells {
            Some(cells) => cells.to_string(),
            None => "does not run".into(),
        });
        let changed: Vec<_> = changed.collect();
        self.constants.push(format!(
            "| {} | `{}` | {} | {} |",
            constant.label(),
            constant.value(),
            changed.join(" / "),
            constant.reason(),
        ));
    }

    fn print(&self) {
        println!("<!-- Made by `cargo xtask constants`; 20 minutes on two cores. -->");
        println!(
            "Cells: p50 / p99 of the pictures' latency in ms (before it the p99 of sound, after it \
             the share of\npictures shown where that is not all), and the file in Mbit/s; `=`: \
             within {NEAR_PERCENT} % of today's. Rows\nare of 20 Mbit/s with 9.6 of video where \
             nothing else is said.\n"
        );
        println!(
            "| constant | value | cells changed at half / double, of {} | reason |",
            self.today.len()
        );
        println!("|---|---|---|---|");
        self.constants.iter().for_each(|line| println!("{line}"));
        println!();
        for (number, lines) in &self.lines {
            let rows = self.today.iter().filter(|((table, _), _)| table == number);
            let (names, cells): (Vec<_>, Vec<_>) = rows
                .map(|((_, name), cell)| (name.as_str(), cell.as_str()))
                .unzip();
            println!("| {} | | {} |", title(*number), names.join(" | "));
            println!("|---|---|{}", "---|".repeat(names.len()));
            println!("| today | | {} |", cells.join(" | "));
            lines.iter().for_each(|line| println!("{line}"));
            println!();
        }
        if !self.same.is_empty() {
            println!(
                "Without effect on any of these rows: {}.",
                self.same.join(", ")
            );
        }
        if !self.failed.is_empty() {
            println!("\nDid not run: {}.", self.failed.join(", "));
        }
    }
}

fn entries(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut files: Vec<_> = entries.collect::<Result<_, _>>()?;
    files.retain(|path| path.is_file());
    Ok(files)
}

/// Copies only files that differ, so that cargo rebuilds only those.
fn copy_tree(from: &Path, to: &Path) -> std::io::Result<()> {
    if from.is_file() {
        let bytes = fs::read(from)?;
        return match fs::read(to).is_ok_and(|old| old == bytes) {
            true => Ok(()),
            false => fs::write(to, bytes),
        };
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let name = entry?.file_name();
        copy_tree(&from.join(&name), &to.join(&name))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_at_the_outermost_level_are_varied() {
        for (line, name) in [
            (
                "const SPAN: Duration = Duration::from_secs(1);",
                Some("SPAN"),
            ),
            ("pub(super) const SEGMENT: u64 = 1448;", Some("SEGMENT")),
            ("    const INNER: u64 = 1;", None),
            ("const HISTORY: u64 = GRAINS as u64 / 2;", None),
            ("const TEXT: &str = \"\";", None),
            ("const fn twice(of: u64) -> u64 {", None),
        ] {
            assert_eq!(declared(line), name, "{line}");
        }
    }

    #[test]
    fn only_the_line_of_a_constant_changes() {
        let constant = Constant {
            path: PathBuf::new(),
            source: "const A: u64 = 1 + 2;\nconst B: Duration = SPAN;\n".into(),
            line: 0,
            module: "path".into(),
            name: "A".into(),
        };
        let scaled = constant.scaled("* 2");
        assert_eq!(
            scaled,
            "const A: u64 = (1 + 2) * 2;\nconst B: Duration = SPAN;\n"
        );
        let other = Constant {
            line: 1,
            ..constant
        };
        let scaled = other.scaled("/ 2");
        let time = "const B: Duration = Duration::from_nanos((SPAN).as_nanos() as u64 / 2);";
        assert_eq!(scaled.lines().last(), Some(time));
    }

    #[test]
    fn cells_within_four_percent_are_equal() {
        assert!(is_near("10.0 / 20.0, 8.0", "10.3 / 19.3, 8.0"));
        assert!(!is_near("10.0 / 20.0, 8.0", "10.5 / 20.0, 8.0"));
        assert!(!is_near("10.0 / 20.0", "10.0 / 20.0, 90 %"));
        assert!(!is_near("10.0 / 20.0, 99 %", "10.0 / 20.0, 90 %"));
    }

    #[test]
    fn the_reason_is_the_comment_above_without_links() {
        let source = "/// Other.\nconst A: u64 = 1;\n\n/// As [`A`], but\n\
                      /// [`b`](super::b) too.\nconst C: u64 = 2 * A;\n";
        let constant = Constant {
            path: PathBuf::new(),
            source: source.into(),
            line: 5,
            module: "path".into(),
            name: "C".into(),
        };
        assert_eq!(constant.value(), "2 * A");
        assert_eq!(constant.reason(), "As `A`, but `b` too.");
    }

    #[test]
    fn each_constant_has_a_reason_and_a_row_in_the_docs() {
        let docs = root().join("lib/proto/src/path/constants.md");
        let docs = fs::read_to_string(docs).unwrap();
        let constants = constants(&root()).unwrap();
        assert!(constants.len() > 50, "{}", constants.len());
        for constant in constants {
            let label = constant.label();
            assert!(!constant.reason().is_empty(), "{label} has no comment");
            let row = format!("\n| {label} | `{}` | ", constant.value());
            assert!(docs.contains(&row), "no row: {row}");
        }
    }
}
